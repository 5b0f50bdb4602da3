#pragma once

#include <cstdint>

#include "config/config.h"
#include "inference/weights.h"
#include "kernels/position_tables.h"

namespace qkv::inference {

/// What tells a model where a token stands: src/model/position.h's five kinds, as plain arrays.
class Places {
 public:
  Places(const config::ModelConfig& config, const FindWeight& find);

  /// Adds to an embedding [width] what its place adds.
  void add(std::int64_t place, float* x) const;
  /// Turns a query or key [head_width] by its place.
  void rotate(std::int64_t place, float* x) const;
  /// How fast a head's scores fall with the distance of query and key.
  float slope(std::int64_t head) const {
    const auto& slopes = tables_.slopes;
    return slopes.empty() ? 0.0F : slopes[static_cast<std::size_t>(head)];
  }

 private:
  std::int64_t width_;
  std::int64_t half_;     ///< of head_width
  const float* learned_;  ///< [context, width], or null
  kernels::PositionTables tables_;
};

}  // namespace qkv::inference
