#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "model/tensor.h"

namespace qkv::checkpoint {

/// Tensors by name, in the order of the file.
using NamedTensors = std::vector<std::pair<std::string, model::Tensor>>;

/// Writes float32 tensors as safetensors: an 8-byte little-endian header length, a JSON header
/// padded with spaces to 8 bytes, the values. `__metadata__` is {"format": "pt"} plus `notes`, so
/// equal arguments give equal bytes. Durable when it returns. Throws Error (Fault::kRun) if it
/// cannot write.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& notes = {});

/// Reads them as copies in float32. Every length and offset is checked against the file
/// before it is used. Throws Error: truncated, header not JSON, another dtype than F32, a shape
/// that does not match its bytes, values that overlap or leave gaps; with Fault::kRun if the
/// file became shorter after it was opened.
NamedTensors read_safetensors(const base::InputFile& file);
NamedTensors read_safetensors(const std::filesystem::path& path);

}  // namespace qkv::checkpoint
