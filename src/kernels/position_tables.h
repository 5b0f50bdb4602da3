#pragma once

#include <cstdint>
#include <string>

#include "kernels/buffer.h"

namespace qkv::kernels {

/// The fixed position tables that model/position.cc defines, computed in double and rounded; those
/// of other kinds of position are empty.
struct PositionTables {
  Buffer<float> sinusoids;  ///< sinusoidal: [context, width]
  Buffer<float> cosine;     ///< rotary: [context, head_width / 2]
  Buffer<float> sine;
  Buffer<float> slopes;  ///< ALiBi: [heads]

  /// `kind` is model.position.
  PositionTables(const std::string& kind, std::int64_t context, std::int64_t width,
                 std::int64_t heads, double rotary_base);
};

}  // namespace qkv::kernels
