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
///
/// A small gradient is often a sum whose terms nearly cancel, for example that of a norm's weights
/// or of a key. Its rounding follows the size of the terms, which is not known here, and not its
/// own size. So a bound by its own size would be too narrow in bfloat16: in runs of some hundred
/// steps that this bound accepts, kernels were 10 to 76% away from such gradients, more than eight
/// times as far as libtorch.
///
/// What a check in bfloat16 can therefore see: an error larger than gradient_rounding of the
/// weight's gradient (3% with two layers) and of a hundredth of all gradients together (0.03%).
/// It may also be too narrow: one of 69 runs of small models was stopped although the kernels were
/// right (two layers of width 64, ALiBi, biases). What it cannot see: smaller errors, even if a
/// gradient smaller than that is all wrong. In float32, both limits are several thousand times as
/// low.
std::vector<double> rounded_sizes(const config::Config& config, std::vector<double> sizes);

}  // namespace qkv::train
