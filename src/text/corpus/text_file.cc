#include "text/corpus/text_file.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/format.h"
#include "base/utf8.h"

namespace qkv::text {
namespace {

constexpr std::uint64_t kBlock = std::uint64_t{1} << 20U;

}  // namespace

TextFile::TextFile(std::filesystem::path path) : file_(std::move(path)) {
  const struct stat& status = file_.status();
  identity_ = base::concat(status.st_dev, ":", status.st_ino);
  fingerprint_ = base::concat(std::filesystem::absolute(file_.path()).string(), '\n', identity_,
                              ' ', size(), ' ', status.st_mtim.tv_sec, '.', status.st_mtim.tv_nsec,
                              ' ', status.st_ctim.tv_sec, '.', status.st_ctim.tv_nsec);
  changed_just_now_ =
      std::time(nullptr) - std::max(status.st_mtim.tv_sec, status.st_ctim.tv_sec) < 2;
}

std::string TextFile::read(std::uint64_t offset, std::uint64_t count) const {
  std::string out(count, '\0');
  out.resize(file_.read_some(offset, count, out.data()));
  return out;
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
  for (; offset < size(); offset += kBlock) {
    const std::size_t newline = read(offset, kBlock).find('\n');
    if (newline != std::string::npos) return offset + newline + 1;
  }
  return size();
}

TextReader::TextReader(const TextRange& range)
    : file_(range.path), range_(range), offset_(range.begin) {}

std::string_view TextReader::next() {
  const std::uint64_t count = std::min(kBlock, range_.end - offset_);
  if (count == 0) return {};
  block_.resize(count);
  file_.bytes().read(offset_, count, block_.data());
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
