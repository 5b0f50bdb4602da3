#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "base/files.h"

namespace qkv::checkpoint {

/// An array to be written: `copy` writes its values, when they are needed, into an array of this
/// shape.
struct SavedArray {
  std::string name;
  std::vector<std::int64_t> shape;
  std::function<void(std::span<float> values)> copy;
};

/// Writes float32 arrays as safetensors: an 8-byte little-endian header length, a JSON header
/// padded with spaces to 8 bytes, the values. `__metadata__` is {"format": "pt"} plus `notes`, so
/// equal arguments give equal bytes. Durable when it returns. Throws Error (Fault::kRun) if it
/// cannot write.
void write_safetensors(const std::filesystem::path& path, const std::vector<SavedArray>& arrays,
                       const std::map<std::string, std::string>& notes = {});

/// The same for arrays that exist; they must outlive the result.
std::vector<SavedArray> saved(const base::NamedArrays& arrays);

enum class NumberType { kFloat32, kInt64 };

/// An array whose bytes arrive in parts.
struct PlannedArray {
  std::string name;
  NumberType type = NumberType::kFloat32;
  std::vector<std::int64_t> shape;
};

/// Writes such arrays, in any order, as the same format.
class SafetensorsWriter {
 public:
  /// Writes the header. Throws Error (Fault::kRun) if it cannot write, as all functions here.
  SafetensorsWriter(const std::filesystem::path& path, const std::vector<PlannedArray>& arrays,
                    const std::map<std::string, std::string>& notes = {});
  /// Writes bytes of an array from `offset` on, counted in its own bytes. REQUIRES room for them.
  void write(std::size_t array, std::uint64_t offset, std::string_view bytes);
  /// Durable when it returns. REQUIRES that all bytes were written.
  void finish() { file_.finish(); }

 private:
  base::FileWriter file_;
  std::vector<std::uint64_t> begins_;  ///< of each array, in bytes of the file
};

/// Reads them in the order of the file. Every length and offset is checked against the file before
/// it is used. Throws Error: truncated, header not JSON, another dtype than F32, a shape that does
/// not match its bytes, values that overlap or leave gaps; with Fault::kRun if the file became
/// shorter after it was opened.
base::NamedArrays read_safetensors(const base::InputFile& file);
base::NamedArrays read_safetensors(const std::filesystem::path& path);

}  // namespace qkv::checkpoint
