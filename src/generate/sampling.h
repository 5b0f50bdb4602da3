#pragma once

#include <cstdint>

namespace qkv::generate {

/// How the next token is chosen.
struct Sampling {
  double temperature = 1.0;  ///< logits are divided by it; 0 takes the most probable token
  std::int64_t top_k = 0;    ///< only the k most probable; 0: all
  double top_p =
      1.0;  ///< only the fewest that together reach this probability (Holtzman et al. 2020)
};

/// Throws Error unless temperature ≥ 0, top_k ≥ 0 and 0 < top_p ≤ 1.
void check_sampling(const Sampling& sampling);

}  // namespace qkv::generate
