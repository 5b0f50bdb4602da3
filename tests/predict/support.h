#pragma once

#include <cmath>
#include <span>

#include "engine/support.h"
#include "predict/scoring.h"

namespace qkv::tests {

/// log p of a target, in double, from the logits after each token [tokens, vocabulary].
inline double nats_of(const base::Array& logits, const predict::Target& target) {
  const std::span<const float> row = logits[target.place].values();
  double total = 0;  // of exponentials of numbers below 20: far from an overflow
  for (const float logit : row) total += std::exp(static_cast<double>(logit));
  return static_cast<double>(row[static_cast<std::size_t>(target.piece)]) - std::log(total);
}

}  // namespace qkv::tests
