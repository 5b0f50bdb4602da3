#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/array.h"
#include "spec/weights.h"

namespace qkv::checkpoint {

// What is required of the arrays in a checkpoint.

/// The most bytes of a safetensors file with this many values.
std::uint64_t largest_safetensors(double values);

/// Throws Error, naming `where` and the tensor, if a value is not finite.
void require_finite(const base::NamedArrays& arrays, const std::string& where);

/// The arrays in the order of `weights`. Throws Error, naming `where`, unless names and shapes are
/// exactly theirs.
std::vector<base::Array> in_order(base::NamedArrays arrays, const spec::WeightList& weights,
                                  const std::string& where);

}  // namespace qkv::checkpoint
