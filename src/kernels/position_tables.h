#pragma once

#include <vector>

#include "spec/model.h"

namespace qkv::kernels {

/// The fixed position tables that model/position.cc defines, computed in double and rounded; those
/// of other kinds of position are empty.
struct PositionTables {
  std::vector<float> sinusoids;  ///< sinusoidal: [context, width]
  std::vector<float> cosine;     ///< rotary: [context, head_width / 2]
  std::vector<float> sine;
  std::vector<float> slopes;  ///< ALiBi: [heads]

  explicit PositionTables(const spec::ModelConfig& config);
};

}  // namespace qkv::kernels
