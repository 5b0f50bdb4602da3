#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

namespace qkv::base {

/// Files that are replaced together: the new ones are complete before the first takes its place, so
/// that a write that fails leaves all old ones. Each replaces as base::write_file does.
class FileSet {
 public:
  FileSet() = default;
  /// Removes new files that took no place.
  ~FileSet();
  FileSet(const FileSet&) = delete;
  FileSet& operator=(const FileSet&) = delete;

  /// Adds the file at `path` that `write` writes to the path that it receives. Throws what `write`
  /// throws.
  void add(const std::filesystem::path& path,
           const std::function<void(const std::filesystem::path&)>& write);
  void add(const std::filesystem::path& path, std::string_view bytes);

  /// Puts all in place. Throws Error (Fault::kRun).
  void replace();

 private:
  struct File {
    std::filesystem::path path;
    std::filesystem::path temporary;
    bool replaces;
    mode_t mode;  ///< of the file that it replaces
  };
  std::vector<File> files_;
};

}  // namespace qkv::base
