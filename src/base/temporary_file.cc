#include "base/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/format.h"

namespace qkv::base {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, Error::Fault fault = Error::Fault::kRun) {
  throw Error(concat(what, ": ", std::strerror(errno)), fault);
}

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("standard input: cannot write it to a temporary file");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

TemporaryFile::TemporaryFile() {
  std::error_code code;
  const fs::path folder = fs::temp_directory_path(code);
  if (code) throw Error("TMPDIR: cannot be used for temporary files: " + code.message());
  descriptor_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor_ < 0) {
    // A file system without such files: the name exists for a moment, while the file is still
    // empty.
    std::string pattern = (folder / "qkv-XXXXXX").string();
    descriptor_ = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (descriptor_ < 0) fail(folder.string() + ": cannot make a temporary file");
    ::unlink(pattern.c_str());
  }
  path_ = concat("/proc/self/fd/", descriptor_);
}

TemporaryFile::~TemporaryFile() { ::close(descriptor_); }

fs::path keep_standard_input(std::uint64_t limit) {
  const TemporaryFile file;
  std::string block(1U << 16U, '\0');
  std::uint64_t size = 0;
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("standard input: cannot read", Error::Fault::kInput);
    if (count == 0) break;
    size += static_cast<std::uint64_t>(count);
    if (size > limit)
      throw Error(
          concat("standard input: found more than ", limit, " bytes, expected at most ", limit));
    write_all(file.descriptor(),
              std::string_view(block).substr(0, static_cast<std::size_t>(count)));
  }
  if (::dup2(file.descriptor(), STDIN_FILENO) < 0) fail("standard input: cannot replace");
  return "/dev/stdin";
}

}  // namespace qkv::base
