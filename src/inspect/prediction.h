#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace qkv::inspect {

/// A piece that the model could predict at one position.
struct Filling {
  std::int32_t id = 0;
  double probability = 0;
};

/// softmax(logits), in double. NaN if one of them is not a number.
std::vector<double> softmax(std::span<const float> logits);

/// log softmax(logits), in double: also of probabilities that are too small for a number.
std::vector<double> log_softmax(std::span<const float> logits);

}  // namespace qkv::inspect
