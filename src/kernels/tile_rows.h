#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/attention_core.h"
#include "kernels/tile_products.h"
#include "kernels/tiles.h"

// Conversions between the rows of a head in memory and tiles.
namespace qkv::kernels::QKV_TILES {

inline constexpr std::int64_t kFloats = kTileBytes / static_cast<std::int64_t>(sizeof(float));
inline constexpr std::int64_t kNumbers = kTileBytes / static_cast<std::int64_t>(sizeof(Bfloat16));

constexpr std::int64_t divide_up(std::int64_t count, std::int64_t unit) {
  return (count + unit - 1) / unit;
}

constexpr std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// Hands out parts of a scratch, in tiles.
class Parts {
 public:
  explicit Parts(std::byte* memory) : memory_(memory) {}

  template <class T>
  T* tiles(std::int64_t count) {
    auto* const part = reinterpret_cast<T*>(memory_ + used_);
    used_ += count * kTileBytes;
    return part;
  }
  std::size_t used() const { return static_cast<std::size_t>(used_); }

 private:
  std::byte* memory_;
  std::int64_t used_ = 0;
};

/// The numbers of tiles that cover the rows of a head.
struct Extent {
  explicit Extent(const AttentionShape& shape)
      : tiles(divide_up(shape.tokens, kTileSide)),
        pairs(divide_up(shape.tokens, kTileDepth)),
        steps(divide_up(shape.head_width, kTileDepth)),
        columns(divide_up(shape.head_width, kTileSide)),
        rows(2 * pairs * steps) {}

  std::int64_t tiles;    ///< of 16 tokens
  std::int64_t pairs;    ///< of such tiles
  std::int64_t steps;    ///< of 32 channels
  std::int64_t columns;  ///< of 16 channels
  std::int64_t rows;     ///< tiles of the tokens' rows, with the pairs completed
};

/// The mask of the channels from `channel` on, 32 at most.
inline __mmask32 channel_mask(std::int64_t channel, std::int64_t width) {
  return width - channel >= kTileDepth ? 0xffffffffu : (1u << (width - channel)) - 1u;
}

/// Copies 16 rows × 32 columns; rows from `rows` on and masked columns are zeros.
inline void copy_tile(const Bfloat16* from, std::int64_t stride, std::int64_t rows, __mmask32 mask,
                      Bfloat16* to) {
  for (std::int64_t row = 0; row < kTileSide; ++row)
    _mm512_storeu_si512(
        to + row * kTileDepth,
        row < rows ? _mm512_maskz_loadu_epi16(mask, from + row * stride) : _mm512_setzero_si512());
}

/// Transposes 16 × 16 numbers of 32 bits from rows `stride` bytes apart. Four rows, 4 apart, are
/// loaded into the quarters of a register, so only fours are left to be transposed.
inline void transpose_tile(const void* from, std::int64_t stride, void* to) {
  const auto* const base = static_cast<const char*>(from);
  auto* const out = static_cast<char*>(to);
  for (std::int64_t quarter = 0; quarter < 4; ++quarter) {
    __m512i rows[4];
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < 4; ++i) {
      const char* const at = base + i * stride + quarter * 16;
      const auto load = [&](std::int64_t row) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + row * stride));
      };
      __m512i gathered = _mm512_castsi128_si512(load(0));
      gathered = _mm512_inserti32x4(gathered, load(4), 1);
      gathered = _mm512_inserti32x4(gathered, load(8), 2);
      rows[i] = _mm512_inserti32x4(gathered, load(12), 3);
    }
    const __m512i low01 = _mm512_unpacklo_epi32(rows[0], rows[1]);
    const __m512i high01 = _mm512_unpackhi_epi32(rows[0], rows[1]);
    const __m512i low23 = _mm512_unpacklo_epi32(rows[2], rows[3]);
    const __m512i high23 = _mm512_unpackhi_epi32(rows[2], rows[3]);
    char* const at = out + quarter * 4 * 64;
    _mm512_storeu_si512(at, _mm512_unpacklo_epi64(low01, low23));
    _mm512_storeu_si512(at + 64, _mm512_unpackhi_epi64(low01, low23));
    _mm512_storeu_si512(at + 128, _mm512_unpacklo_epi64(high01, high23));
    _mm512_storeu_si512(at + 192, _mm512_unpackhi_epi64(high01, high23));
  }
}

/// Rows of bfloat16 as left sides: in place, or copied with zeros around them.
struct LeftTiles {
  const Bfloat16* base;
  std::int64_t stride;  ///< in bytes
  std::int64_t tile;    ///< from 16 rows to the next, in bytes
  std::int64_t step;    ///< from 32 columns to the next, in bytes

  Side side(std::int64_t first_tile) const {
    return {reinterpret_cast<const char*>(base) + first_tile * tile, tile, step, stride};
  }
};

/// Tiles of rows of a head; `room` holds `tiles` · ⌈width/32⌉ tiles.
inline LeftTiles left_tiles(Strided<const Bfloat16> rows, std::int64_t tokens, std::int64_t width,
                            std::int64_t tiles, Bfloat16* room) {
  const std::int64_t steps = divide_up(width, kTileDepth);
  if (width % kTileDepth == 0 && tokens == tiles * kTileSide)
    return {rows.base, rows.stride * 2, rows.stride * 2 * kTileSide, kTileDepth * 2};
  for (std::int64_t tile = 0; tile < tiles; ++tile)
    for (std::int64_t step = 0; step < steps; ++step)
      copy_tile(rows.base + tile * kTileSide * rows.stride + step * kTileDepth, rows.stride,
                tokens - tile * kTileSide, channel_mask(step * kTileDepth, width),
                room + (tile * steps + step) * kNumbers);
  return {room, 64, steps * kTileBytes, kTileBytes};
}

/// Right sides whose columns are rows of a head: to[tile][step] holds row n of the tile's 16 in
/// column n, paired by channels.
inline void pack_as_columns(const LeftTiles& rows, std::int64_t tiles, std::int64_t width,
                            void* to) {
  const std::int64_t steps = divide_up(width, kTileDepth);
  auto* const out = static_cast<char*>(to);
  for (std::int64_t tile = 0; tile < tiles; ++tile)
    for (std::int64_t step = 0; step < steps; ++step)
      transpose_tile(rows.side(tile).at(0, step), rows.stride,
                     out + (tile * steps + step) * kTileBytes);
}

/// Pairs the 32 numbers of two rows: a row of two tiles of 16 columns each.
///
///     even  e0 e1 e2 … e31         left   e0  o0  e1  o1  … e15 o15
///     odd   o0 o1 o2 … o31    →    right  e16 o16 e17 o17 … e31 o31
///
inline void pair_rows(__m512i even, __m512i odd, void* left, void* right) {
  const __m512i first_half = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i second_half = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  const __m512i low = _mm512_unpacklo_epi16(even, odd);
  const __m512i high = _mm512_unpackhi_epi16(even, odd);
  _mm512_storeu_si512(left, _mm512_permutex2var_epi64(low, first_half, high));
  if (right != nullptr)
    _mm512_storeu_si512(right, _mm512_permutex2var_epi64(low, second_half, high));
}

/// Right sides whose columns are channels: to[pair of tiles][16 channels] holds 32 rows of a head,
/// paired.
inline void pack_as_pairs(const LeftTiles& rows, std::int64_t pairs, std::int64_t width, void* to) {
  const std::int64_t columns = divide_up(width, kTileSide);
  auto* const out = static_cast<char*>(to);
  for (std::int64_t pair = 0; pair < pairs; ++pair)
    for (std::int64_t column = 0; column < columns; column += 2) {
      for (std::int64_t tile = 0; tile < 2; ++tile) {
        const char* const from = rows.side(2 * pair + tile).at(0, column / 2);
        char* const at = out + (pair * columns + column) * kTileBytes + tile * kNumbers;
        for (std::int64_t r = 0; r < kTileSide / 2; ++r) {
          char* const row = at + r * 64;
          pair_rows(_mm512_loadu_si512(from + 2 * r * rows.stride),
                    _mm512_loadu_si512(from + (2 * r + 1) * rows.stride), row,
                    column + 1 < columns ? row + kTileBytes : nullptr);
        }
      }
    }
}

/// Writes the first rows of a row of tiles, [column][16][16], row r times scale[r].
inline void write_rows(const float* from, std::int64_t rows, const float* scale, std::int64_t width,
                       Bfloat16* to, std::int64_t stride) {
  for (std::int64_t channel = 0; channel < width; channel += kTileDepth) {
    const float* const low = from + channel / kTileSide * kFloats;
    // There may be no column after the last: its part is masked.
    const float* const high = channel + kTileSide < width ? low + kFloats : low;
    const __mmask32 mask = channel_mask(channel, width);
    for (std::int64_t row = 0; row < rows; ++row) {
      const __m512 factor = _mm512_set1_ps(scale[row]);
      const auto both = (__m512i)_mm512_cvtne2ps_pbh(
          _mm512_mul_ps(_mm512_load_ps(high + row * kTileSide), factor),
          _mm512_mul_ps(_mm512_load_ps(low + row * kTileSide), factor));
      _mm512_mask_storeu_epi16(to + row * stride + channel, mask, both);
    }
  }
}

}  // namespace qkv::kernels::QKV_TILES
