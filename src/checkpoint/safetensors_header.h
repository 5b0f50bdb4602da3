#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"

namespace qkv::checkpoint {

/// The location of one tensor's float32 values in a safetensors file.
struct TensorEntry {
  std::string name;
  std::vector<std::int64_t> shape;  ///< at most 8 axes
  std::uint64_t begin = 0;          ///< in bytes of the file's data part
  std::uint64_t end = 0;
};

/// The header of a safetensors file.
struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  ///< in the order of the file
  std::uint64_t data_begin = 0;      ///< in bytes of the file
};

/// Reads the header of a safetensors file. Every length and offset is checked: the entries' ranges
/// cover the data part without gap or overlap, each holds as many values as its shape says, and no
/// product of sides overflows, even for tensors without elements. Throws Error.
SafetensorsHeader read_safetensors_header(const base::InputFile& file);

}  // namespace qkv::checkpoint
