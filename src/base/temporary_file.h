#pragma once

#include <cstdint>
#include <filesystem>

#include "base/files.h"

namespace qkv::base {

/// A file without a name in the temporary folder (TMPDIR), for what nobody needs afterwards: the
/// system frees it when the last descriptor of it closes, however the process ends.
class TemporaryFile {
 public:
  /// Throws Error where there is no place for one.
  TemporaryFile();
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  /// By which this process can open it while this object is there.
  const std::filesystem::path& path() const { return path_; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  std::filesystem::path path_;
};

/// Reads standard input to its end and puts a file of the same bytes in its place. Returns the path
/// by which that can be opened, as often as wanted. Throws Error where it cannot be read or kept,
/// or holds more than `limit` bytes.
std::filesystem::path keep_standard_input(std::uint64_t limit = file_limit::kText);

}  // namespace qkv::base
