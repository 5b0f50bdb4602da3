#pragma once

#include <cstdint>

#include "base/random.h"
#include "model/tensor.h"

namespace qkv {

/// How the next token is chosen among all.
struct Sampling {
  double temperature = 1.0;  ///< logits are divided by it; 0 takes the likeliest token
  std::int64_t top_k = 0;    ///< only the k likeliest; 0: all
  double top_p =
      1.0;  ///< only the fewest that together reach this probability (Holtzman et al. 2020)
};

/// Throws Error unless temperature ≥ 0, top_k ≥ 0 and 0 < top_p ≤ 1.
void check_sampling(const Sampling& sampling);

/// Draws an id from logits [vocabulary]; ids of specials but the end are never drawn. Throws Error
/// (Fault::kRun) on a logit that is NaN or infinite.
std::int32_t sample(const Tensor& logits, const Sampling& sampling, RandomStream& random);

}  // namespace qkv
