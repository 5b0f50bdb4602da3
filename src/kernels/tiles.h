#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"

// The vocabulary of the files *_tiles.cc: tiles of 16 rows × 64 bytes. A product adds to a tile of
// 16 × 16 floats the product of A, 16 rows × 32 bfloat16, and B, 32 × 16 bfloat16, whose rows are
// interleaved in pairs: row r holds for each of 16 columns the pair of numbers 2r and 2r + 1.
//
//            A                          B                             sums
//       k: 0  1  2  3 … 30 31      column: 0    1       15       column: 0  1 … 15
//         +--+--+--+--+-+--+--+     k  +----+----+-+----+             +--+--+-+--+
//   row 0 |  |  |  |  |…|  |  |    0, 1|0  1|0  1|…|0  1|       row 0 |  |  |…|  |
//       1 |  |  |  |  |…|  |  |    2, 3|2  3|2  3|…|2  3|           1 |  |  |…|  |
//       … |  |  |  |  |…|  |  |      … |    |    |…|    |           … |  |  |…|  |
//      15 |  |  |  |  |…|  |  |  30, 31|  … |    |…|    |          15 |  |  |…|  |
//         +--+--+--+--+-+--+--+        +----+----+-+----+             +--+--+-+--+
//          32 numbers of 2 bytes    16 pairs of 2 · 2 bytes      16 floats of 4 bytes
//
//   sums[row][column] += Σ over r of A[row][2r] · B[r][column].first +
//                                    A[row][2r + 1] · B[r][column].second
//
// A longer k takes several such steps. If a row in memory runs along k, it can be a row of A in
// place. To become B, such rows are transposed as numbers of 32 bits (transpose_tile), which keeps
// pairs together. If a row has a single k, two of them are interleaved into a row of B (pair_rows).
// Both functions are in kernels/tile_rows.h.
//
// Each file is compiled once for AMX, which has tiles of this form (kernels/amx_tiles.h), and once
// for AVX-512 with bfloat16, whose products are of the same pairs (kernels/pair_tiles.h), each time
// into a separate namespace, whose name is QKV_TILES. As in kernels/lanes.h, they share no inline
// function with other files.
#ifndef QKV_TILES
#define QKV_TILES amx
#endif

namespace qkv::kernels::QKV_TILES {

inline constexpr std::int64_t kTileSide = 16;   ///< rows of any tile, columns of floats
inline constexpr std::int64_t kTileDepth = 32;  ///< columns of A
inline constexpr std::int64_t kTileBytes = 1024;

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

}  // namespace qkv::kernels::QKV_TILES
