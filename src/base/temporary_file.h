#pragma once

#include <cstdint>
#include <filesystem>

#include "base/files.h"

namespace qkv::base {

/// A file without a name in the temporary folder (TMPDIR). The system frees it when its last
/// descriptor closes, however the process ends.
class TemporaryFile {
 public:
  /// Throws Error if it cannot be made.
  TemporaryFile();
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  /// The path by which this process can open it while this object exists.
  const std::filesystem::path& path() const { return path_; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  std::filesystem::path path_;
};

/// Reads standard input to its end and replaces it by a file with the same bytes. Returns a path
/// that can be opened repeatedly. Throws Error if the input cannot be read or stored, or holds more
/// than `limit` bytes.
std::filesystem::path keep_standard_input(std::uint64_t limit = file_limit::kText);

}  // namespace qkv::base
