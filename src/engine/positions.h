#pragma once

#include <cstdint>

#include "kernels/position_tables.h"

namespace qkv::engine {

/// The positions of a model: the five kinds of src/model/position.h, as plain arrays.
class Positions {
 public:
  /// `learned`: the table of learned positions [context, width], or null.
  Positions(const spec::ModelConfig& config, const float* learned);

  /// The vector [width] that is added to the embedding at a position; null if none is.
  const float* added(std::int64_t position) const;
  /// Rotates a query or key [head_width] by its position.
  void rotate(std::int64_t position, float* x) const;
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

}  // namespace qkv::engine
