#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/tiles.h"

// Products of tiles by AVX-512's instruction that adds the products of pairs of bfloat16.
namespace qkv::kernels::QKV_TILES {

inline void configure_tiles() {}
inline void release_tiles() {}

/// kHeight rows of a row of kColumns tiles, whose sums stay in registers: 16 of 32. For each pair
/// of k, a row of b takes one register for each column of tiles, and the pair of each row of a is
/// copied to all 16 lanes:
///
///                                  b[0], row r            b[1], row r
///                              |0 1|0 1| … |0 1|      |0 1|0 1| … |0 1|
///     a, row 0:  pair r → 16 × |    sum[0][0]  |      |   sum[0][1]   |
///     a, row 1:  pair r → 16 × |    sum[1][0]  |      |   sum[1][1]   |
///     …
///
template <int kHeight, int kColumns>
[[gnu::always_inline]] inline void multiply_part(std::int64_t steps, const Side& a, const Side& b,
                                                 const Sums& sums, bool add) {
  const std::int64_t sums_stride = sums.stride / static_cast<std::int64_t>(sizeof(float));
  __m512 sum[kHeight][kColumns];
#pragma GCC unroll 16
  for (int row = 0; row < kHeight; ++row)
#pragma GCC unroll 2
    for (int column = 0; column < kColumns; ++column)
      sum[row][column] = add ? _mm512_loadu_ps(sums.base + row * sums_stride + column * sums.column)
                             : _mm512_setzero_ps();
  for (std::int64_t step = 0; step < steps; ++step) {
    const char* left = a.at(0, step);
    const char* right = b.at(0, step);
    for (std::int64_t pair = 0; pair < kTileSide; ++pair, left += 4, right += b.stride) {
      __m512bh numbers[kColumns];
#pragma GCC unroll 2
      for (int column = 0; column < kColumns; ++column)
        numbers[column] = (__m512bh)_mm512_loadu_si512(right + column * b.outer);
#pragma GCC unroll 16
      for (int row = 0; row < kHeight; ++row) {
        int factors;
        __builtin_memcpy(&factors, left + row * a.stride, sizeof factors);
        const auto both = (__m512bh)_mm512_set1_epi32(factors);
#pragma GCC unroll 2
        for (int column = 0; column < kColumns; ++column)
          sum[row][column] = _mm512_dpbf16_ps(sum[row][column], both, numbers[column]);
      }
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < kHeight; ++row)
#pragma GCC unroll 2
    for (int column = 0; column < kColumns; ++column)
      _mm512_storeu_ps(sums.base + row * sums_stride + column * sums.column, sum[row][column]);
}

/// sums[i][j] = Σ over steps of a[i][step] · b[j][step] for kRows × kColumns tiles, or added to the
/// existing sums.
template <int kRows, int kColumns>
void multiply(std::int64_t steps, const Side& a, const Side& b, const Sums& sums, bool add) {
  constexpr int kHeight = 16 / kColumns;
  for (std::int64_t row = 0; row < kRows; ++row)
    for (std::int64_t first = 0; first < kTileSide; first += kHeight)
      multiply_part<kHeight, kColumns>(
          steps, {a.at(row, 0) + first * a.stride, a.outer, a.step, a.stride}, b,
          {sums.base + row * sums.row + first * sums.stride / 4, sums.row, sums.column,
           sums.stride},
          add);
}

}  // namespace qkv::kernels::QKV_TILES
