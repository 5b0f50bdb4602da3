#pragma once

#include <filesystem>
#include <fstream>
#include <string_view>

#include "scratch.h"

namespace qkv::fuzz {

/// The path of a file that holds `bytes`, valid until the next call. It is written without syncing:
/// waiting for the disk each time would take most of a fuzzer's time.
inline const std::filesystem::path& input_file(std::string_view bytes) {
  static const tests::Scratch scratch;
  static const std::filesystem::path path = scratch / "input";
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path;
}

}  // namespace qkv::fuzz
