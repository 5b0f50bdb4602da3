#include "base/file_set.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/files.h"
#include "base/system_failure.h"

namespace qkv::base {
namespace fs = std::filesystem;

FileSet::~FileSet() {
  for (const File& file : files_) ::unlink(file.temporary.c_str());
}

void FileSet::add(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  struct stat before {};
  const bool replaces = ::lstat(path.c_str(), &before) == 0 && S_ISREG(before.st_mode);
  files_.push_back({.path = path,
                    .temporary = temporary_name(path),
                    .replaces = replaces,
                    .mode = before.st_mode & 0777U});
  const fs::path& temporary = files_.back().temporary;
  if (replaces) {  // nobody else may read it while it is written
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor >= 0) ::close(descriptor);
  }
  write(temporary);
}

void FileSet::add(const fs::path& path, std::string_view bytes) {
  add(path, [bytes](const fs::path& temporary) { write_new_file(temporary, bytes); });
}

void FileSet::replace() {
  for (const File& file : files_) {  // before the first
    struct stat before {};
    if (::lstat(file.path.c_str(), &before) == 0 && S_ISDIR(before.st_mode))
      fail_to("replace", file.path.native(), EISDIR, Error::Fault::kRun);
  }
  while (!files_.empty()) {
    const File& file = files_.back();
    // Fails where the file system knows no permissions: then there are none to keep.
    if (file.replaces) ::chmod(file.temporary.c_str(), file.mode);
    if (::rename(file.temporary.c_str(), file.path.c_str()) != 0)
      fail_to("replace", file.path.native(), errno, Error::Fault::kRun);
    sync_folder(folder_of(file.path));
    files_.pop_back();
  }
}

}  // namespace qkv::base
