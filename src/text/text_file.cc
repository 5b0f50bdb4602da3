#include "text/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"

namespace qkv::text {
namespace {

constexpr std::uint64_t kBlock = std::uint64_t{1} << 20U;

}  // namespace

TextFile::TextFile(std::filesystem::path path) : path_(std::move(path)) {
  // Without O_NONBLOCK, opening a named pipe without a writer would wait forever.
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0)
    throw base::Error(base::concat(path_.string(), ": cannot open: ", std::strerror(errno)));
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw base::Error(base::concat(path_.string(), ": found ",
                                   S_ISDIR(status.st_mode) ? "a folder" : "no regular file",
                                   ", expected a text file"));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  identity_ = base::concat(status.st_dev, ":", status.st_ino);
  fingerprint_ = base::concat(std::filesystem::absolute(path_).string(), '\n', identity_, ' ',
                              size_, ' ', status.st_mtim.tv_sec, '.', status.st_mtim.tv_nsec, ' ',
                              status.st_ctim.tv_sec, '.', status.st_ctim.tv_nsec);
  changed_just_now_ =
      std::time(nullptr) - std::max(status.st_mtim.tv_sec, status.st_ctim.tv_sec) < 2;
}

TextFile::~TextFile() { ::close(descriptor_); }

std::string TextFile::read(std::uint64_t offset, std::uint64_t count) const {
  std::string out(count, '\0');
  out.resize(read(offset, count, out.data()));
  return out;
}

std::uint64_t TextFile::read(std::uint64_t offset, std::uint64_t count, char* into) const {
  std::uint64_t filled = 0;
  while (filled < count) {
    const ssize_t got =
        ::pread(descriptor_, into + filled, count - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw base::Error(base::concat(path_.string(), ": cannot read: ", std::strerror(errno)),
                        base::Error::Fault::kRun);
    if (got == 0) break;
    filled += static_cast<std::uint64_t>(got);
  }
  return filled;
}

std::uint64_t TextFile::character_begin(std::uint64_t offset) const {
  const std::uint64_t from = offset < 3 ? 0 : offset - 3;
  const std::string bytes = read(from, offset - from + 1);
  if (bytes.size() <= offset - from) return offset;  // the end of the file
  std::uint64_t begin = offset;
  while (begin > from && base::continues_character(bytes[begin - from])) --begin;
  return begin;
}

std::uint64_t TextFile::line_begin(std::uint64_t offset) const {
  while (offset > 0) {
    const std::uint64_t from = offset < kBlock ? 0 : offset - kBlock;
    const std::size_t newline = read(from, offset - from).rfind('\n');
    if (newline != std::string::npos) return from + newline + 1;
    offset = from;
  }
  return 0;
}

std::uint64_t TextFile::line_end(std::uint64_t offset) const {
  for (; offset < size_; offset += kBlock) {
    const std::size_t newline = read(offset, kBlock).find('\n');
    if (newline != std::string::npos) return offset + newline + 1;
  }
  return size_;
}

TextReader::TextReader(const TextRange& range)
    : file_(range.path), range_(range), offset_(range.begin) {}

std::string_view TextReader::next() {
  const std::uint64_t count = std::min(kBlock, range_.end - offset_);
  if (count == 0) return {};
  block_ = file_.read(offset_, count);
  if (block_.size() < count) {
    throw base::Error(
        base::concat(range_.path.string(), ": became shorter while it was read: found ",
                     offset_ + block_.size(), " bytes, expected ", range_.end),
        base::Error::Fault::kRun);
  }
  // A character that the block's end cuts waits for the next block.
  if (offset_ + count < range_.end) {
    std::size_t end = block_.size();
    while (end > 1 && block_.size() - end < 3 && base::continues_character(block_[end - 1])) --end;
    if (static_cast<unsigned char>(block_[end - 1]) >= 0xC0) block_.resize(end - 1);
  }
  base::require_utf8(block_, range_.path.string(), offset_);
  offset_ += block_.size();
  return block_;
}

}  // namespace qkv::text
