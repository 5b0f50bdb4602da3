#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/exponential.h"

// What the files *_lanes.cc are written with: vectors of floats, as wide as the instruction set has
// them. Each such file is compiled once for every set (qkv_lanes in src/CMakeLists.txt), each time
// into its own namespace, whose name QKV_LANES is. Everything in it but the table of functions that
// it offers has internal linkage or is always inlined, and it calls no inline function of the
// standard library: the linker keeps one copy of such a function, which the processor may lack the
// instructions for.
#ifndef QKV_LANES
#define QKV_LANES baseline
#endif

namespace qkv::QKV_LANES {

#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
#elif defined(__AVX2__)
inline constexpr int kLanes = 8;
#else
inline constexpr int kLanes = 4;
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

[[gnu::always_inline]] inline Lanes broadcast(float value) { return Lanes{} + value; }

[[gnu::always_inline]] inline Lanes greater(Lanes a, Lanes b) { return a > b ? a : b; }

/// 0, 1, 2, …
[[gnu::always_inline]] inline Lanes counting() {
  Lanes lanes{};
  for (int lane = 0; lane < kLanes; ++lane) lanes[lane] = static_cast<float>(lane);
  return lanes;
}

}  // namespace qkv::QKV_LANES
