#pragma once

#include <vector>

#include "base/array.h"

namespace qkv::inspect {

/// Attention rollout (Abnar and Zuidema 2020, section 3): how much of each input token reaches each
/// token's last vector, if a layer passes on half of what attention mixes (the mean over heads) and
/// half of the residual:
///
///   R₀ = I,  R_l = (½ A_l + ½ I) R_{l−1}
///
/// `weights` [heads, query, key] of each layer, the first layer first → [query, key]; rows sum to
/// 1. Throws Error if there is no layer or shapes differ.
base::Array attention_rollout(const std::vector<base::Array>& weights);

}  // namespace qkv::inspect
