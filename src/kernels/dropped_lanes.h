#pragma once

#include "kernels/dropped.h"
#include "kernels/lanes.h"

namespace qkv::kernels::QKV_LANES {

/// The factors of the values from `index` on.
[[gnu::always_inline]] inline Lanes factor_lanes(const Dropped& dropped, std::int64_t index) {
  return factor<Lanes>(dropped, counting_bits() + static_cast<std::uint32_t>(index));
}

}  // namespace qkv::kernels::QKV_LANES
