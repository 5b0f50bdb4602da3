#include "base/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/format.h"
#include "base/system_failure.h"

namespace qkv::base {
namespace fs = std::filesystem;

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
    if (descriptor_ < 0)
      fail_to("make a temporary file", folder.native(), errno, Error::Fault::kRun);
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
  if (::dup2(file.descriptor(), STDIN_FILENO) < 0)
    fail_to("replace", "standard input", errno, Error::Fault::kRun);
  return "/dev/stdin";
}

}  // namespace qkv::base
