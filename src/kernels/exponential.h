#pragma once

#include <cstdint>

#include "kernels/polynomial.h"

namespace qkv::kernels {

// Exponentials and logarithms without branches or calls, so that loops over them become vector
// instructions. `Real` is float, or a vector of floats (GCC's vector_size), and `Bits` the unsigned
// integers of the same width: `exponential<std::uint32_t>(x)`; for a float just `exponential(x)`.
// The polynomials are minimax (found by Remez's exchange algorithm); the stated relative errors
// were measured over the whole range. Not for -ffast-math, which would undo the rounding by
// addition.

namespace exponential_detail {

/// Adding it to a number below 2^22 rounds this to an integer, which is then in the lowest bits.
inline constexpr float kRound = 12582912;  // 1.5 · 2^23

/// 2^x for x in [-1/2, 1/2], to 1e-8.
template <class Real>
[[gnu::always_inline]] inline Real power_of_fraction(Real x) {
  return polynomial(x, 0x1.41d334p-13f, 0x1.5f456ap-10f, 0x1.3b2dbcp-7f, 0x1.c6aed4p-5f,
                    0x1.ebfbdap-3f, 0x1.62e430p-1f, 1.0f);
}

/// 2^n · value, for a value near 1 and rounded = n + kRound.
template <class Bits, class Real>
[[gnu::always_inline]] inline Real times_power(Real value, Real rounded) {
  return __builtin_bit_cast(
      Real, __builtin_bit_cast(Bits, value) + (__builtin_bit_cast(Bits, rounded) << 23));
}

}  // namespace exponential_detail

/// 2^x for x < 128, as needed for softmax, to 1.1e-7; 0 if the result would not be normal (x <
/// -126).
template <class Bits, class Real>
[[gnu::always_inline]] inline Real exponential2_bounded(Real x) {
  using namespace exponential_detail;
  const Real rounded = x + kRound;
  const Real power = times_power<Bits>(power_of_fraction<Real>(x - (rounded - kRound)), rounded);
  return x < -126.0f ? Real{} : power;
}

/// e^x to 1.3e-7, for any x: infinity on overflow, 0 if the result would not be normal.
template <class Bits, class Real>
[[gnu::always_inline]] inline Real exponential(Real x) {
  using namespace exponential_detail;
  const Real rounded = x * 0x1.715476p0f + kRound;
  const Real whole = rounded - kRound;
  // log 2 in two parts, the first short enough that its product is exact (Cody and Waite 1980).
  const Real rest = (x - whole * 0x1.63p-1f) - whole * -0x1.bd0106p-13f;
  const Real power = times_power<Bits>(power_of_fraction<Real>(rest * 0x1.715476p0f), rounded);
  const Real low = x < -87.33654f ? Real{} : power;
  return x < 88.72283f ? low : x * __builtin_inff();
}

/// log₂ x for normal x > 0, to 2.5e-7.
template <class Bits, class Real>
[[gnu::always_inline]] inline Real logarithm2(Real x) {
  const Bits bits = __builtin_bit_cast(Bits, x);
  // x = 2^exponent · mantissa, the mantissa in [√½, √2).
  const Bits biased = (bits + (0x3f800000u - 0x3f3504f3u)) >> 23;
  const Real mantissa = __builtin_bit_cast(Real, bits - ((biased - 127u) << 23));
  const Real exponent =
      __builtin_bit_cast(Real, biased + (0x4b400000u - 127u)) - exponential_detail::kRound;
  const Real t = mantissa - 1.0f;
  const Real sum = polynomial(t, 0.12542773f, -0.21028970f, 0.21736575f, -0.23852120f, 0.28765876f,
                              -0.36072114f, 0.48092242f, -0.72134713f, 1.44269487f);
  return sum * t + exponent;
}

/// log x for normal x > 0, to 2.5e-7.
template <class Bits, class Real>
[[gnu::always_inline]] inline Real logarithm(Real x) {
  return logarithm2<Bits>(x) * 0x1.62e430p-1f;
}

[[gnu::always_inline]] inline float exponential(float x) { return exponential<std::uint32_t>(x); }
[[gnu::always_inline]] inline float logarithm(float x) { return logarithm<std::uint32_t>(x); }

}  // namespace qkv::kernels
