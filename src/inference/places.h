#pragma once

#include <cstdint>

#include "kernels/position_tables.h"

namespace qkv::inference {

/// The positions of a model: the five kinds of src/model/position.h, as plain arrays.
class Places {
 public:
  /// `learned`: the table of learned positions [context, width], or null.
  Places(const spec::ModelConfig& config, const float* learned);

  /// Adds the vector of a position to an embedding [width].
  void add(std::int64_t place, float* x) const;
  /// Rotates a query or key [head_width] by its position.
  void rotate(std::int64_t place, float* x) const;
  /// How fast a head's scores decrease with the distance of query and key.
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
