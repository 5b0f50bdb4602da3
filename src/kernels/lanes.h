#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include "kernels/bfloat16.h"

// The vocabulary of the files *_lanes.cc: vectors of floats with the width of the instruction set.
// Each such file is compiled once for every set (qkv_lanes in src/CMakeLists.txt), each time into a
// separate namespace, whose name is QKV_LANES. Everything in it except its table of functions has
// internal linkage or is always inlined, and it calls no inline function of the standard library:
// the linker keeps only one copy of such a function, whose instructions the processor may lack.
#ifndef QKV_LANES
#define QKV_LANES baseline
#endif

namespace qkv::kernels::QKV_LANES {

#if defined(__AVX512F__)
inline constexpr std::int64_t kLanes = 16;
#elif defined(__AVX2__)
inline constexpr std::int64_t kLanes = 8;
#else
inline constexpr std::int64_t kLanes = 4;
#endif

using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using BitLanes = std::uint32_t __attribute__((vector_size(kLanes * sizeof(std::uint32_t))));

[[gnu::always_inline]] inline Lanes load(const float* from) {
  Lanes lanes;
  __builtin_memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

[[gnu::always_inline]] inline void store(float* to, Lanes lanes) {
  __builtin_memcpy(to, &lanes, sizeof lanes);
}

// Subtraction, since the compiler removes it: 0 + -0 is not -0, but -0 - 0 is.
[[gnu::always_inline]] inline Lanes broadcast(float value) { return value - Lanes{}; }

[[gnu::always_inline]] inline Lanes greater(Lanes a, Lanes b) { return a > b ? a : b; }

/// 0, 1, 2, …
[[gnu::always_inline]] inline BitLanes counting_bits() {
  BitLanes lanes{};
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) lanes[lane] = lane;
  return lanes;
}
[[gnu::always_inline]] inline Lanes counting() {
  return __builtin_convertvector(counting_bits(), Lanes);
}

/// The first `count` lanes, then zeros.
[[gnu::always_inline]] inline Lanes first_of(Lanes lanes, std::int64_t count) {
  return count >= kLanes ? lanes : counting() < static_cast<float>(count) ? lanes : Lanes{};
}

[[gnu::always_inline]] inline Lanes load(const Bfloat16* from) {
  using Halves = std::uint16_t __attribute__((vector_size(kLanes * sizeof(std::uint16_t))));
  Halves halves;
  __builtin_memcpy(&halves, from, sizeof halves);
  return __builtin_bit_cast(Lanes, __builtin_convertvector(halves, BitLanes) << 16);
}

/// Rounded as by to_bfloat16; AVX-512's own instruction turns subnormal numbers into zero.
[[gnu::always_inline]] inline void store(Bfloat16* to, Lanes lanes) {
#ifdef __AVX512BF16__
  const __m256bh halves = _mm512_cvtneps_pbh(lanes);
#else
  using Halves = std::uint16_t __attribute__((vector_size(kLanes * sizeof(std::uint16_t))));
  const BitLanes bits = __builtin_bit_cast(BitLanes, lanes);
  const BitLanes rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const BitLanes quiet = (bits >> 16) | 0x40u;
  const Halves halves =
      __builtin_convertvector(lanes <= __builtin_inff() ? rounded : quiet, Halves);  // NaN is not ≤
#endif
  __builtin_memcpy(to, &halves, sizeof halves);
}

/// The first `count` ≤ kLanes numbers, then zeros.
template <class T>
[[gnu::always_inline]] inline Lanes load_first(const T* from, std::int64_t count) {
  if (count >= kLanes) return load(from);
  float numbers[kLanes] = {};
  for (std::int64_t i = 0; i < count; ++i) numbers[i] = to_float(from[i]);
  return load(numbers);
}

/// The first `count` ≤ kLanes numbers; the other lanes are `rest`. Its copy takes none of the
/// registers in which a loop around it keeps its sums.
[[gnu::always_inline]] inline Lanes load_or(const float* from, std::int64_t count, float rest) {
  if (count >= kLanes) return load(from);
  Lanes lanes = broadcast(rest);
  __builtin_memcpy(&lanes, from, static_cast<std::size_t>(count) * sizeof(float));
  return lanes;
}

[[gnu::always_inline]] inline void assign(float& to, float value) { to = value; }
[[gnu::always_inline]] inline void assign(Bfloat16& to, float value) { to = to_bfloat16(value); }

template <class T>
[[gnu::always_inline]] inline void store_first(T* to, Lanes lanes, std::int64_t count) {
  if (count >= kLanes) {
    store(to, lanes);
    return;
  }
  float numbers[kLanes];
  store(numbers, lanes);
  for (std::int64_t i = 0; i < count; ++i) assign(to[i], numbers[i]);
}

/// Processes `count` numbers one vector at a time: body(where, how many ≤ kLanes).
template <class Body>
[[gnu::always_inline]] inline void for_lanes(std::int64_t count, Body body) {
  std::int64_t at = 0;
  for (; at + kLanes <= count; at += kLanes) body(at, kLanes);
  if (at < count) body(at, count - at);
}

/// Combines each lane with the one `half` away.
template <std::size_t half, std::size_t... lane>
[[gnu::always_inline]] inline Lanes swapped(Lanes lanes, std::index_sequence<lane...>) {
  return __builtin_shufflevector(lanes, lanes, (lane ^ half)...);
}

/// All lanes combined by `join`, halves first.
template <std::size_t half = kLanes / 2, class Join>
[[gnu::always_inline]] inline float joined(Lanes lanes, Join join) {
  if constexpr (half == 0) {
    return lanes[0];
  } else {
    return joined<half / 2>(join(lanes, swapped<half>(lanes, std::make_index_sequence<kLanes>{})),
                            join);
  }
}

[[gnu::always_inline]] inline float sum_of(Lanes lanes) {
  return joined(
      lanes, [](Lanes a, Lanes b) __attribute__((always_inline)) { return a + b; });
}

[[gnu::always_inline]] inline float largest_of(Lanes lanes) {
  return joined(
      lanes, [](Lanes a, Lanes b) __attribute__((always_inline)) { return greater(a, b); });
}

/// a0 b0 a1 b1 … of the lower halves, and of the upper halves.
#if defined(__AVX512F__)
[[gnu::always_inline]] inline Lanes interleave_low(Lanes a, Lanes b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
[[gnu::always_inline]] inline Lanes interleave_high(Lanes a, Lanes b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
#elif defined(__AVX2__)
[[gnu::always_inline]] inline Lanes interleave_low(Lanes a, Lanes b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
[[gnu::always_inline]] inline Lanes interleave_high(Lanes a, Lanes b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#else
[[gnu::always_inline]] inline Lanes interleave_low(Lanes a, Lanes b) {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
[[gnu::always_inline]] inline Lanes interleave_high(Lanes a, Lanes b) {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
#endif

/// Transposes rows into columns, with log2(kLanes) perfect shuffles.
[[gnu::always_inline]] inline void transpose(Lanes (&square)[kLanes]) {
#pragma GCC unroll 4
  for (std::int64_t left = kLanes; left > 1; left /= 2) {
    Lanes shuffled[kLanes];
#pragma GCC unroll 8
    for (std::int64_t i = 0; i < kLanes / 2; ++i) {
      shuffled[2 * i] = interleave_low(square[i], square[i + kLanes / 2]);
      shuffled[2 * i + 1] = interleave_high(square[i], square[i + kLanes / 2]);
    }
#pragma GCC unroll 16
    for (std::int64_t i = 0; i < kLanes; ++i) square[i] = shuffled[i];
  }
}

}  // namespace qkv::kernels::QKV_LANES
