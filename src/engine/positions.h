#pragma once

#include <cstdint>
#include <vector>

#include "engine/rows.h"
#include "kernels/loops.h"
#include "kernels/position_tables.h"

namespace qkv::engine {

/// The positions of a model: the five kinds of src/model/position.h, as plain arrays.
class Positions {
 public:
  /// `learned`: the table of learned positions [context, width], or null.
  Positions(const spec::ModelConfig& config, const float* learned, const kernels::Loops& loops);

  /// The vector [width] that is added to the embedding at a position; null if none is.
  const float* added(std::int64_t position) const;
  /// Rotates the queries or keys of `heads` heads side by side, the rows' from the position of the
  /// first row on.
  void rotate(std::int64_t position, std::int64_t heads, MutableRows x) const;
  /// How fast a head's scores decrease with the distance of query and key.
  float slope(std::int64_t head) const {
    const auto& slopes = tables_.slopes;
    return slopes.empty() ? 0.0F : slopes[static_cast<std::size_t>(head)];
  }

 private:
  std::int64_t width_;
  std::int64_t head_width_;
  const float* learned_;  ///< [context, width], or null
  kernels::PositionTables tables_;
  const kernels::Loops& loops_;
  std::vector<std::int32_t> positions_;  ///< 0, 1, 2, …
};

}  // namespace qkv::engine
