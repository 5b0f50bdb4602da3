#pragma once

#include <cstdint>
#include <vector>

#include "base/array.h"
#include "spec/weights.h"

namespace qkv::spec {

/// The weights with which training with this seed starts, in the order of the list. Each has its
/// own random stream, so that its values depend only on the seed and its index in the list. The
/// streams are those of libtorch's generator on the CPU.
std::vector<base::Array> initial_weights(const WeightList& list, std::uint64_t seed);

}  // namespace qkv::spec
