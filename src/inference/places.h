#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"
#include "inference/weights.h"

namespace qkv {

/// What tells a model where a token stands: src/model/position.h's five kinds, as plain arrays.
class Places {
 public:
  Places(const ModelConfig& config, const FindWeight& find);

  /// Adds to an embedding [width] what its place adds.
  void add(std::int64_t place, float* x) const;
  /// Turns a query or key [head_width] by its place.
  void rotate(std::int64_t place, float* x) const;
  /// How fast a head's scores fall with the distance of query and key.
  float slope(std::int64_t head) const {
    return slopes_.empty() ? 0.0F : slopes_[static_cast<std::size_t>(head)];
  }

 private:
  std::int64_t width_;
  std::int64_t half_;               ///< of head_width
  const float* learned_ = nullptr;  ///< [context, width]
  std::vector<float> sinusoids_;    ///< [context, width]
  std::vector<float> cosine_;       ///< rotary: [context, half]
  std::vector<float> sine_;
  std::vector<float> slopes_;  ///< alibi: [heads]
};

}  // namespace qkv
