#include "kernels/product_amx.h"

#include <type_traits>

#include "kernels/tile_products.h"
#include "kernels/tile_rows.h"

// Both sides of a product of matrices become tiles: the left side in place if possible, otherwise
// copied two rows of tiles at a time, the right side copied once for all of them. Two rows are
// multiplied by two columns at a time, which uses all eight tiles.
//
//                                   right: [column][step], tiles of 16 pairs × 16 columns
//                                             +------+------+---
//                                  steps of k |tmm6 ↓|tmm7 ↓| …
//    left: [row][step],                       +------+------+---
//    tiles of 16 rows × 32 numbers            c: tiles of 16 × 16 floats
//              +------+                       +------+------+---
//              |tmm4 →| steps of k            | tmm0 | tmm1 | …    these two columns of tiles,
//              +------+                       +------+------+---   then the next
//              |tmm5 →|                       | tmm2 | tmm3 | …
//              +------+                       +------+------+---
//
// How a matrix becomes tiles depends on whether its rows run along k:
//
//              rows along k                           rows along the other side (a transposed
//                                                     left side, a right side that is not)
//    left      in place, or copied (copy_rows)        paired (copy_pairs), then transposed
//    right     transposed as pairs (transpose_tile)   paired (copy_pairs)
namespace qkv::kernels::amx {
namespace {

/// Tiles of the right side at a time: half of a core's second-level cache.
constexpr std::int64_t kRightTiles = 1024;

/// Rows in their memory layout.
struct Rows {
  explicit Rows(const Matrix<const Bfloat16>& matrix)
      : data(matrix.data),
        rows(matrix.transposed ? matrix.columns : matrix.rows),
        columns(matrix.transposed ? matrix.rows : matrix.columns),
        stride(matrix.stride) {}

  const Bfloat16* at(std::int64_t row, std::int64_t column) const {
    return data + row * stride + column;
  }

  const Bfloat16* data;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t stride;
};

/// 16 rows × 32 columns; zeros beyond the edges.
void copy_rows(const Rows& rows, std::int64_t row, std::int64_t column, Bfloat16* to) {
  copy_tile(rows.at(row, column), rows.stride, rows.rows - row, channel_mask(column, rows.columns),
            to);
}

/// 32 rows × 32 columns as two tiles of 16 columns each, rows paired; zeros beyond the edges.
void copy_pairs(const Rows& rows, std::int64_t row, std::int64_t column, Bfloat16* left,
                Bfloat16* right) {
  const __mmask32 mask = channel_mask(column, rows.columns);
  const auto load = [&](std::int64_t r) {
    return r < rows.rows ? _mm512_maskz_loadu_epi16(mask, rows.at(r, column))
                         : _mm512_setzero_si512();
  };
  for (std::int64_t pair = 0; pair < kTileSide; ++pair) {
    pair_rows(load(row + 2 * pair), load(row + 2 * pair + 1), left + pair * kTileDepth,
              right + pair * kTileDepth);
  }
}

/// Prefetches a cache line of each of 32 rows, which are too far apart for the hardware to predict.
void fetch_rows(const Rows& rows, std::int64_t row, std::int64_t column) {
  for (std::int64_t r = row; r < least(row + kTileDepth, rows.rows); ++r)
    _mm_prefetch(reinterpret_cast<const char*>(rows.at(r, column)), _MM_HINT_T0);
}

/// The left side's rows of tiles `tile` and, if it exists, tile + 1, for `steps` steps of 32 from
/// `step` on: to[tile][step].
void copy_left(const Matrix<const Bfloat16>& a, std::int64_t tile, std::int64_t tiles,
               std::int64_t step, std::int64_t steps, Bfloat16* spare, Bfloat16* to) {
  const Rows rows(a);
  for (std::int64_t s = 0; s < steps; ++s) {
    Bfloat16* const upper = to + s * kNumbers;
    Bfloat16* const lower = upper + steps * kNumbers;
    const std::int64_t row = tile * kTileSide;
    const std::int64_t column = (step + s) * kTileDepth;
    if (a.transposed) {
      if (s + 1 < steps) fetch_rows(rows, column + kTileDepth, row);
      copy_pairs(rows, column, row, spare, spare + kNumbers);
      transpose_tile(spare, 64, upper);
      if (tiles > 1) transpose_tile(spare + kNumbers, 64, lower);
    } else {
      copy_rows(rows, row, column, upper);
      if (tiles > 1) copy_rows(rows, row + kTileSide, column, lower);
    }
  }
}

/// All of the right side for `steps` steps of 32 from `step` on: to[column][step].
void copy_right(const Matrix<const Bfloat16>& b, std::int64_t columns, std::int64_t step,
                std::int64_t steps, Bfloat16* spare, Bfloat16* to) {
  const Rows rows(b);
  for (std::int64_t s = 0; s < steps; ++s) {
    const std::int64_t row = (step + s) * kTileDepth;
    for (std::int64_t column = 0; column < columns; ++column) {
      Bfloat16* const tile = to + (column * steps + s) * kNumbers;
      const std::int64_t first = column * kTileSide;
      if (!b.transposed) {
        // Two columns of tiles at a time; there may be none after the last.
        copy_pairs(rows, row, first, tile, column + 1 < columns ? tile + steps * kNumbers : spare);
        ++column;
      } else if (first + kTileSide <= rows.rows && row + kTileDepth <= rows.columns) {
        transpose_tile(rows.at(first, row), rows.stride * 2, tile);
      } else {
        copy_rows(rows, first, row, spare);
        transpose_tile(spare, 64, tile);
      }
    }
  }
}

/// Writes the remaining part of a row of tiles, [column][16][16], to its place.
void write(const float* sums, std::int64_t rows, std::int64_t width, bool add, float* to,
           std::int64_t stride) {
  for (std::int64_t column = 0; column < width; column += kTileSide, sums += kFloats) {
    const auto mask = static_cast<__mmask16>(channel_mask(column, width));
    for (std::int64_t row = 0; row < rows; ++row) {
      float* const at = to + row * stride + column;
      __m512 sum = _mm512_load_ps(sums + row * kTileSide);
      if (add) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, at));
      _mm512_mask_storeu_ps(at, mask, sum);
    }
  }
}

void write(const float* sums, std::int64_t rows, std::int64_t width, bool add, Bfloat16* to,
           std::int64_t stride) {
  for (std::int64_t column = 0; column < width; column += kTileDepth, sums += 2 * kFloats) {
    // There may be no column after the last: its part is masked.
    const float* const high = column + kTileSide < width ? sums + kFloats : sums;
    const __mmask32 mask = channel_mask(column, width);
    for (std::int64_t row = 0; row < rows; ++row) {
      Bfloat16* const at = to + row * stride + column;
      __m512 left = _mm512_load_ps(sums + row * kTileSide);
      __m512 right = _mm512_load_ps(high + row * kTileSide);
      if (add) {
        const __m512i before = _mm512_maskz_loadu_epi16(mask, at);
        const auto widened = [](__m256i half) {
          return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
        };
        left = _mm512_add_ps(left, widened(_mm512_castsi512_si256(before)));
        right = _mm512_add_ps(right, widened(_mm512_extracti64x4_epi64(before, 1)));
      }
      _mm512_mask_storeu_epi16(at, mask, (__m512i)_mm512_cvtne2ps_pbh(right, left));
    }
  }
}

/// Prefetches the rows' cache lines while their sums are still being computed: they were used long
/// ago, and a store would wait for them.
template <typename C>
void fetch_for_writing(const Matrix<C>& c, std::int64_t row, std::int64_t rows) {
  constexpr std::int64_t kLine = 64 / sizeof(C);
  for (std::int64_t r = row; r < row + rows; ++r)
    for (std::int64_t column = 0; column < c.columns; column += kLine)
      asm volatile("prefetchw %0" ::"m"(c.data[r * c.stride + column]));
}

/// Copies in the form of tiles.
struct Room {
  Bfloat16* right;  ///< [column][step]
  Bfloat16* left;   ///< [2 rows][step], unless the left side lies well
  float* sums;      ///< [2 rows][2 columns], unless the sums lie well
  Bfloat16* spare;  ///< [2]
};

/// One or two rows of tiles, for some steps of the product.
struct Band {
  std::int64_t row;    ///< the first, of numbers
  std::int64_t tiles;  ///< rows of tiles, 1 or 2
  std::int64_t step;   ///< the first
  std::int64_t steps;
};

/// The left side of a band, where the matrix has whole tiles.
[[gnu::always_inline]] inline Side left_in_place(const Matrix<const Bfloat16>& a,
                                                 const Band& band) {
  return {a.data + band.row * a.stride + band.step * kTileDepth, kTileSide * a.stride * 2,
          kTileDepth * 2, a.stride * 2};
}

[[gnu::always_inline]] inline Side left_copied(const Matrix<const Bfloat16>& a, const Band& band,
                                               const Room& room) {
  copy_left(a, band.row / kTileSide, band.tiles, band.step, band.steps, room.spare, room.left);
  return {room.left, band.steps * kTileBytes, kTileBytes, 64};
}

/// A band times all columns of the right side. The sums are added to c if `onto`; they are computed
/// there if it has whole tiles, otherwise in the room.
template <typename C>
[[gnu::always_inline]] inline void multiply_band(const Band& band, const Side& left,
                                                 const Room& room, bool sums_lie_well, bool onto,
                                                 const Matrix<C>& c) {
  const std::int64_t columns = divide_up(c.columns, kTileSide);
  const Side right{room.right, band.steps * kTileBytes, kTileBytes, 64};
  for (std::int64_t column = 0; column < columns; column += 2) {
    const std::int64_t width = least(2, columns - column);
    Side two_columns = right;
    two_columns.base = right.at(column, 0);
    C* const out = c.data + band.row * c.stride + column * kTileSide;
    Sums sums{room.sums, 2 * kFloats, kFloats};
    if constexpr (std::is_same_v<C, float>) {
      if (sums_lie_well) sums = {out, kTileSide * c.stride, kTileSide, c.stride * 4};
    }
    multiply_row(band.tiles, width, band.steps, left, two_columns, sums, sums_lie_well && onto);
    if (sums_lie_well) continue;
    for (std::int64_t tile = 0; tile < band.tiles; ++tile) {
      write(room.sums + tile * 2 * kFloats, least(kTileSide, c.rows - band.row - tile * kTileSide),
            least(width * kTileSide, c.columns - column * kTileSide), onto,
            out + tile * kTileSide * c.stride, c.stride);
    }
  }
}

}  // namespace

template <typename C>
void multiply_matrices(const Matrix<const Bfloat16>& a, const Matrix<const Bfloat16>& b,
                       const Matrix<C>& c, bool add, Scratch& scratch) {
  constexpr bool kExact = std::is_same_v<C, float>;
  const std::int64_t rows = divide_up(a.rows, kTileSide);
  const std::int64_t columns = divide_up(b.columns, kTileSide);
  const std::int64_t steps = divide_up(a.columns, kTileDepth);
  // A rounded sum cannot be continued, so all of its terms are added at once.
  const std::int64_t fitting = kRightTiles / columns;
  const std::int64_t at_once = kExact ? least(fitting > 0 ? fitting : 1, steps) : steps;
  const bool left_lies_well =
      !a.transposed && a.rows % kTileSide == 0 && a.columns % kTileDepth == 0;
  const bool sums_lie_well = kExact && a.rows % kTileSide == 0 && b.columns % kTileSide == 0;

  Parts parts(scratch.reserve(
      static_cast<std::size_t>((columns * at_once + 2 * at_once + 4 + 2) * kTileBytes)));
  const Room room{parts.tiles<Bfloat16>(columns * at_once), parts.tiles<Bfloat16>(2 * at_once),
                  parts.tiles<float>(4), parts.tiles<Bfloat16>(2)};

  configure_tiles();
  for (std::int64_t first = 0; first < steps; first += at_once) {
    const std::int64_t count = least(at_once, steps - first);
    const bool onto = add || first > 0;
    copy_right(b, columns, first, count, room.spare, room.right);
    for (std::int64_t tile = 0; tile < rows; tile += 2) {
      const Band band{tile * kTileSide, least(2, rows - tile), first, count};
      const Side left = left_lies_well ? left_in_place(a, band) : left_copied(a, band, room);
      fetch_for_writing(c, band.row, least(band.tiles * kTileSide, c.rows - band.row));
      multiply_band(band, left, room, sums_lie_well, onto, c);
    }
  }
  release_tiles();
}

template void multiply_matrices<float>(const Matrix<const Bfloat16>&, const Matrix<const Bfloat16>&,
                                       const Matrix<float>&, bool, Scratch&);
template void multiply_matrices<Bfloat16>(const Matrix<const Bfloat16>&,
                                          const Matrix<const Bfloat16>&, const Matrix<Bfloat16>&,
                                          bool, Scratch&);

}  // namespace qkv::kernels::amx
