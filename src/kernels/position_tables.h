#pragma once

#include "kernels/buffer.h"
#include "spec/model.h"

namespace qkv::kernels {

/// The fixed position tables that model/position.cc defines, computed in double and rounded; those
/// of other kinds of position are empty.
struct PositionTables {
  Buffer<float> sinusoids;  ///< sinusoidal: [context, width]
  Buffer<float> cosine;     ///< rotary: [context, head_width / 2]
  Buffer<float> sine;
  Buffer<float> slopes;  ///< ALiBi: [heads]

  explicit PositionTables(const spec::ModelConfig& config);
};

}  // namespace qkv::kernels
