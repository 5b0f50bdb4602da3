#pragma once

#include <cstdint>

#include "kernels/tiles.h"

namespace qkv::kernels::amx {

/// One side of a product of tiles, [outer][step], its distances in bytes.
struct Side {
  const void* base = nullptr;
  std::int64_t outer = 0;
  std::int64_t step = 0;
  std::int64_t stride = 64;  ///< from a row of a tile to the next

  const char* at(std::int64_t o, std::int64_t s) const {
    return static_cast<const char*>(base) + o * outer + s * step;
  }
};

/// Tiles of floats, [row][column], its distances in floats.
struct Sums {
  float* base = nullptr;
  std::int64_t row = 0;
  std::int64_t column = 0;
  std::int64_t stride = 64;  ///< from a row of a tile to the next, in bytes
};

/// sums[i][j] = Σ over steps of a[i][step] · b[j][step] for kRows × kColumns tiles, or added to the
/// existing sums.
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

/// The same for one or two rows of tiles and any number of columns.
inline void multiply_row(std::int64_t rows, std::int64_t columns, std::int64_t steps, const Side& a,
                         Side b, Sums sums, bool add) {
  for (; columns > 0; columns -= 2) {
    if (rows > 1) {
      if (columns > 1) {
        multiply<2, 2>(steps, a, b, sums, add);
      } else {
        multiply<2, 1>(steps, a, b, sums, add);
      }
    } else if (columns > 1) {
      multiply<1, 2>(steps, a, b, sums, add);
    } else {
      multiply<1, 1>(steps, a, b, sums, add);
    }
    b.base = b.at(2, 0);
    sums.base += 2 * sums.column;
  }
}

}  // namespace qkv::kernels::amx
