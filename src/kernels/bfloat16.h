#pragma once

#include <cstdint>

namespace qkv::kernels {

/// A number in bfloat16, the upper half of a float: for storage; arithmetic uses floats.
struct Bfloat16 {
  std::uint16_t bits;
};

// Always inlined, so that files for different instruction sets never share a copy.

[[gnu::always_inline]] inline float to_float(Bfloat16 value) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(value.bits) << 16);
}
[[gnu::always_inline]] inline float to_float(float value) { return value; }

/// Rounds to nearest, ties to even; not-a-number stays not-a-number.
[[gnu::always_inline]] inline Bfloat16 to_bfloat16(float value) {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const std::uint32_t quiet = (bits >> 16) | 0x40u;
  const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return {static_cast<std::uint16_t>(is_nan ? quiet : rounded)};
}

}  // namespace qkv::kernels
