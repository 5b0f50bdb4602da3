#include "base/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <random>
#include <regex>
#include <utility>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file_set.h"
#include "base/format.h"
#include "base/system_failure.h"

namespace qkv::base {
namespace fs = std::filesystem;
namespace {

/// The device of pipes that are in no folder; 0, which no device has, if no pipe can be made.
dev_t pipe_device() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return 0;
  struct stat status {};
  ::fstat(ends[0], &status);
  for (const int end : ends) ::close(end);
  return status.st_dev;
}

/// Opens without waiting: a named pipe would wait for somebody who writes into it.
int open_to_read(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) fail_to("open", path.native(), errno, Error::Fault::kInput);
  return descriptor;
}

/// A file, a pipe or a terminal that is open for reading; "-" is standard input.
class Opened {
 public:
  explicit Opened(const fs::path& path)
      : standard_input_(path == "-"),
        descriptor_(standard_input_ ? STDIN_FILENO : open_to_read(path)) {
    if (::fstat(descriptor_, &status_) != 0)
      fail_to("open", path.native(), errno, Error::Fault::kInput);
  }
  ~Opened() {
    if (!standard_input_) ::close(descriptor_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  int descriptor() const { return descriptor_; }
  const struct stat& status() const { return status_; }
  bool is_regular() const { return S_ISREG(status_.st_mode); }

  /// Whether it is standard input, under this or another name, or a pipe that a shell made. Such a
  /// pipe is in no folder, and its writer exists or existed.
  bool is_given() const {
    if (standard_input_) return true;
    struct stat input {};
    if (::fstat(STDIN_FILENO, &input) == 0 && input.st_dev == status_.st_dev &&
        input.st_ino == status_.st_ino)
      return true;
    return S_ISFIFO(status_.st_mode) && status_.st_dev == pipe_device();
  }

  /// Reads wait from here on.
  void wait_for_bytes() const {
    if (!standard_input_) ::fcntl(descriptor_, F_SETFL, 0);
  }

 private:
  bool standard_input_;
  int descriptor_;
  struct stat status_ {};
};

[[noreturn]] void refuse_kind(const fs::path& path, const struct stat& status) {
  throw Error(concat(path.string(), ": found ",
                     S_ISDIR(status.st_mode) ? "a folder" : "no regular file",
                     ", expected a file"));
}

void require_size(const fs::path& path, std::uint64_t size, std::uint64_t limit) {
  if (size > limit)
    throw Error(concat(path.string(), ": found ", size, " bytes, expected at most ", limit));
}

}  // namespace

InputFile::InputFile(fs::path path, std::uint64_t limit)
    : path_(std::move(path)), descriptor_(open_to_read(path_)) {
  try {
    if (::fstat(descriptor_, &status_) != 0)
      fail_to("open", path_.native(), errno, Error::Fault::kInput);
    if (!S_ISREG(status_.st_mode)) refuse_kind(path_, status_);
    require_size(path_, size(), limit);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

InputFile::~InputFile() { ::close(descriptor_); }

std::uint64_t InputFile::read_some(std::uint64_t offset, std::uint64_t count, char* into) const {
  return read_at(descriptor_, offset, count, into, path_.string());
}

void InputFile::read(std::uint64_t offset, std::uint64_t count, char* into) const {
  const std::uint64_t found = read_some(offset, count, into);
  if (found < count) {
    throw Error(concat(path_.string(), ": became shorter while it was read: found ", offset + found,
                       " bytes, expected at least ", offset + count),
                Error::Fault::kRun);
  }
}

FileWriter::FileWriter(fs::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_to("create", path_.native(), errno, Error::Fault::kRun);
}

FileWriter::~FileWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(path_.c_str());
}

void FileWriter::write(std::string_view bytes) {
  constexpr std::size_t kBuffer = 1U << 20U;
  size_ += bytes.size();
  if (buffer_.size() + bytes.size() > kBuffer) flush();
  if (bytes.size() > kBuffer) {
    write_all(descriptor_, bytes, path_.string());
  } else {
    buffer_ += bytes;
  }
}

void FileWriter::write_at(std::uint64_t offset, std::string_view bytes) {
  flush();
  write_all(descriptor_, bytes, path_.string(), offset);
}

void FileWriter::flush() {
  write_all(descriptor_, buffer_, path_.string());
  buffer_.clear();
}

void FileWriter::finish() {
  flush();
  if (::fsync(descriptor_) != 0) fail_to("write", path_.native(), errno, Error::Fault::kRun);
  if (::close(std::exchange(descriptor_, -1)) != 0)
    fail_to("write", path_.native(), errno, Error::Fault::kRun);
}

FileLock::FileLock(const fs::path& path, const std::string& what) {
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) {
    const int code = errno;  // before the next call changes it
    std::error_code ignored;
    if (fs::is_symlink(path, ignored))
      throw Error(path.string() + ": found a link, expected a file");
    fail_to("create", path.native(), code, Error::Fault::kInput);
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(std::exchange(descriptor_, -1));
    throw Error(concat(what, ": in use by another process"));
  }
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string read_file(const fs::path& path, std::uint64_t limit) {
  const Opened file(path);
  if (!file.is_regular() && !file.is_given()) refuse_kind(path, file.status());
  if (file.is_regular())
    require_size(path, static_cast<std::uint64_t>(file.status().st_size), limit);
  file.wait_for_bytes();
  std::string out;
  read_to_end(file.descriptor(), limit, path.string(),
              [&](std::string_view block) { out += block; });
  return out;
}

void write_new_file(const fs::path& path, std::string_view bytes) {
  FileWriter writer(path);
  writer.write(bytes);
  writer.finish();
}

void write_file(const fs::path& path, std::string_view bytes) {
  FileSet alone;
  alone.add(path, bytes);
  alone.replace();
}

void replace_file(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  FileSet alone;
  alone.add(path, write);
  alone.replace();
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

fs::path writable_file(const fs::path& path) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (!fs::status_known(status))
    fail_to("create", path.native(), code.value(), Error::Fault::kInput);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(concat(path.string(), ": found ",
                       fs::is_directory(status) ? "a folder" : "no regular file",
                       ", expected a file"));
  }
  fs::path file = path;
  while (fs::is_symlink(file, code)) file = folder_of(file) / fs::read_symlink(file, code);
  if (::access(folder_of(file).c_str(), W_OK | X_OK) != 0)
    fail_to("create", path.native(), errno, Error::Fault::kInput);
  return file;
}

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail_to("open", folder.native(), errno, Error::Fault::kRun);
  // Some file systems refuse to sync a folder; they have nothing to make durable then.
  const bool failed = ::fsync(descriptor) != 0 && errno != EINVAL;
  const int code = errno;
  ::close(descriptor);
  if (failed) fail_to("sync", folder.native(), code, Error::Fault::kRun);
}

void make_folder(const fs::path& folder, Error::Fault fault) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (std::error_code ignored; !fs::is_directory(folder, ignored)) {
    throw Error(concat(folder.string(),
                       ": cannot make this folder: ", code ? code.message() : "found a file"),
                fault);
  }
}

fs::path temporary_name(const fs::path& path) {
  static std::atomic<unsigned> count = 0;
  // Containers and hosts that share a folder may share process ids.
  static const unsigned long own = (std::random_device()() + 0UL) << 32 | std::random_device()();
  // Shortened, since a name of 255 bytes, the maximum, leaves no room for a suffix.
  const std::string name = path.filename().string().substr(0, 200);
  return path.parent_path() / concat(".", name, ".", ::getpid(), ".", own, ".", count++, ".tmp");
}

std::optional<std::string> named_by_temporary(const fs::path& path) {
  static const std::regex pattern(R"(\.(.+?)(\.[0-9]+){2,3}\.tmp)");
  const std::string name = path.filename();
  std::smatch parts;
  if (!std::regex_match(name, parts, pattern)) return std::nullopt;
  return parts[1];
}

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr);
}

Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr);
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
  }
  return out;
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.hex();
}

std::string sha256_file(const InputFile& file) {
  Sha256 digest;
  std::string block(std::size_t{1} << 20U, '\0');
  for (std::uint64_t begin = 0; begin < file.size(); begin += block.size()) {
    block.resize(std::min<std::uint64_t>(block.size(), file.size() - begin));
    file.read(begin, block.size(), block.data());
    digest.update(block);
  }
  return digest.hex();
}

std::string sha256_file(const fs::path& path, std::uint64_t limit) {
  return sha256_file(InputFile(path, limit));
}

}  // namespace qkv::base
