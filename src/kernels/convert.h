#pragma once

#include "kernels/bfloat16.h"

namespace qkv {

/// Stores a float in what an array holds.
[[gnu::always_inline]] inline void put(float& to, float value) { to = value; }
[[gnu::always_inline]] inline void put(Bfloat16& to, float value) { to = to_bfloat16(value); }

}  // namespace qkv
