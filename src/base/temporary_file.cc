#include "base/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/format.h"

namespace qkv::base {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
  throw Error(concat(what, ": ", std::strerror(errno)), Error::Fault::kRun);
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
  read_to_end(STDIN_FILENO, limit, "standard input", [&](std::string_view block) {
    write_all(file.descriptor(), block, "temporary file for standard input");
  });
  if (::dup2(file.descriptor(), STDIN_FILENO) < 0) fail("standard input: cannot replace");
  return "/dev/stdin";
}

}  // namespace qkv::base
