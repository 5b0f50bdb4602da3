#pragma once

#include <cstdint>

#include "kernels/tiles.h"

// Products of tiles by AMX, which has eight of them. Written with the instructions themselves,
// since the intrinsics of GCC 12 do not tell the compiler that they read and write memory.
namespace qkv::kernels::QKV_TILES {

/// Configures all eight tiles at their full size. A library called in between may leave others, or
/// none.
[[gnu::always_inline]] inline void configure_tiles() {
  struct alignas(64) Configuration {
    std::uint8_t palette;
    std::uint8_t start_row;
    std::uint8_t unused[14];
    std::uint16_t row_bytes[16];
    std::uint8_t rows[16];
  };
  static constexpr Configuration kConfiguration = {
      1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
  asm volatile("ldtilecfg %0" ::"m"(kConfiguration));
}

/// Unused tiles cost the system time when it switches threads.
[[gnu::always_inline]] inline void release_tiles() { asm volatile("tilerelease"); }

template <int kTile>
[[gnu::always_inline]] inline void zero_tile() {
  asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
}

/// Rows of 64 bytes, `stride` bytes apart.
template <int kTile>
[[gnu::always_inline]] inline void load_tile(const void* from, std::int64_t stride) {
  asm volatile("tileloadd (%1,%2,1), %%tmm%c0" ::"i"(kTile), "r"(from), "r"(stride) : "memory");
}

template <int kTile>
[[gnu::always_inline]] inline void store_tile(void* to, std::int64_t stride) {
  asm volatile("tilestored %%tmm%c0, (%1,%2,1)" ::"i"(kTile), "r"(to), "r"(stride) : "memory");
}

/// sum += a · b
template <int kSum, int kA, int kB>
[[gnu::always_inline]] inline void multiply_tiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSum), "i"(kA), "i"(kB));
}

/// sums[i][j] = Σ over steps of a[i][step] · b[j][step] for kRows × kColumns tiles, or added to the
/// existing sums. In a step, two rows and two columns load four tiles for four products:
///
///                   b[0]   b[1]
///                   tmm6   tmm7
///                  +------+------+
///       a[0] tmm4  | tmm0 | tmm1 |
///                  +------+------+
///       a[1] tmm5  | tmm2 | tmm3 |
///                  +------+------+
///
template <int kRows, int kColumns>
void multiply(std::int64_t steps, const Side& a, const Side& b, const Sums& sums, bool add) {
  float* const right = sums.base + sums.column;
  float* const below = sums.base + sums.row;
  if (add) {
    load_tile<0>(sums.base, sums.stride);
    if constexpr (kColumns > 1) load_tile<1>(right, sums.stride);
    if constexpr (kRows > 1) load_tile<2>(below, sums.stride);
    if constexpr (kRows > 1 && kColumns > 1) load_tile<3>(below + sums.column, sums.stride);
  } else {
    zero_tile<0>();
    if constexpr (kColumns > 1) zero_tile<1>();
    if constexpr (kRows > 1) zero_tile<2>();
    if constexpr (kRows > 1 && kColumns > 1) zero_tile<3>();
  }
  for (std::int64_t step = 0; step < steps; ++step) {
    load_tile<4>(a.at(0, step), a.stride);
    load_tile<6>(b.at(0, step), b.stride);
    multiply_tiles<0, 4, 6>();
    if constexpr (kRows > 1) {
      load_tile<5>(a.at(1, step), a.stride);
      multiply_tiles<2, 5, 6>();
    }
    if constexpr (kColumns > 1) {
      load_tile<7>(b.at(1, step), b.stride);
      multiply_tiles<1, 4, 7>();
      if constexpr (kRows > 1) multiply_tiles<3, 5, 7>();
    }
  }
  store_tile<0>(sums.base, sums.stride);
  if constexpr (kColumns > 1) store_tile<1>(right, sums.stride);
  if constexpr (kRows > 1) store_tile<2>(below, sums.stride);
  if constexpr (kRows > 1 && kColumns > 1) store_tile<3>(below + sums.column, sums.stride);
}

}  // namespace qkv::kernels::QKV_TILES
