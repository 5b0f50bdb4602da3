#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"

namespace qkv::train {

/// The relative error of a gradient that rounding alone explains (base/rounding.h), for a
/// vocabulary of this size. In float32, all sums on the longest path to a gradient are one; in
/// bfloat16, the inputs and outputs of products are rounded.
double gradient_rounding(const config::Config& config, std::int64_t vocabulary, bool bfloat16);

/// The sizes that this error is relative to: those of all weights' gradients in `sizes`, but at
/// least a hundredth of that of all together. With one key, a score's gradient is a difference of
/// equal numbers: in one path 0, in another their rounding. There, it is at least the size of all.
std::vector<double> rounded_sizes(const config::Config& config, std::vector<double> sizes);

}  // namespace qkv::train
