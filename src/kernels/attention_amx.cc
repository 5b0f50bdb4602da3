#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/attention_dropout.h"
#include "kernels/attention_kernels.h"
#include "kernels/exponential.h"
#include "kernels/tiles.h"

// Attention in bfloat16 by tiles of 16 × 16 scores. Forward, a query is a row of a tile, so that
// the weights are the left side of their product with the values as they come. Backward, a query is
// a column: weights and score gradients, [key, query], are then the left side of the products that
// sum over queries, and paired by keys the right side of the one that sums over keys.

// Products of lanes and tiles are small.
// NOLINTBEGIN(bugprone-implicit-widening-of-multiplication-result)
namespace qkv::amx {
namespace {

constexpr float kLog2E = 0x1.715476p0f;
constexpr float kLog2 = 0x1.62e430p-1f;

constexpr std::int64_t kFloats = kTileBytes / static_cast<std::int64_t>(sizeof(float));

constexpr std::int64_t divide_up(std::int64_t count, std::int64_t unit) {
  return (count + unit - 1) / unit;
}

std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

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

/// One side of a product of tiles: [outer][step], both distances in bytes.
struct Side {
  const void* base;
  std::int64_t outer;
  std::int64_t step;
  std::int64_t stride = 64;  ///< from a row of a tile to the next

  const char* at(std::int64_t o, std::int64_t s) const {
    return static_cast<const char*>(base) + o * outer + s * step;
  }
};

/// sums[i][j] = Σ over steps of a[i][step] · b[step][j], for kRows × kColumns tiles of floats, or
/// added to what is there. `row` and `column` are the distances between the sums' tiles, in floats.
template <int kRows, int kColumns>
void multiply(std::int64_t steps, const Side& a, const Side& b, float* sums, std::int64_t row,
              std::int64_t column, bool add) {
  if (add) {
    load_tile<0>(sums, 64);
    if constexpr (kColumns > 1) load_tile<1>(sums + column, 64);
    if constexpr (kRows > 1) load_tile<2>(sums + row, 64);
    if constexpr (kRows > 1 && kColumns > 1) load_tile<3>(sums + row + column, 64);
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
  store_tile<0>(sums, 64);
  if constexpr (kColumns > 1) store_tile<1>(sums + column, 64);
  if constexpr (kRows > 1) store_tile<2>(sums + row, 64);
  if constexpr (kRows > 1 && kColumns > 1) store_tile<3>(sums + row + column, 64);
}

/// The same for one or two rows of tiles and any number of columns.
void multiply_row(std::int64_t rows, std::int64_t columns, std::int64_t steps, const Side& a,
                  Side b, float* sums, std::int64_t row, std::int64_t column, bool add) {
  std::int64_t j = 0;
  for (; j + 2 <= columns; j += 2) {
    if (rows > 1) {
      multiply<2, 2>(steps, a, b, sums + j * column, row, column, add);
    } else {
      multiply<1, 2>(steps, a, b, sums + j * column, row, column, add);
    }
    b.base = b.at(2, 0);
  }
  if (j < columns) {
    if (rows > 1) {
      multiply<2, 1>(steps, a, b, sums + j * column, row, column, add);
    } else {
      multiply<1, 1>(steps, a, b, sums + j * column, row, column, add);
    }
  }
}

/// The mask of the channels from `channel` on, 32 at most.
__mmask32 channel_mask(std::int64_t channel, std::int64_t width) {
  return width - channel >= kTileDepth ? 0xffffffffu : (1u << (width - channel)) - 1u;
}

/// Copies 16 rows × 32 columns; rows from `rows` on and masked columns are zeros.
void copy_tile(const Bfloat16* from, std::int64_t stride, std::int64_t rows, __mmask32 mask,
               Bfloat16* to) {
  for (std::int64_t row = 0; row < kTileSide; ++row)
    _mm512_storeu_si512(
        to + row * kTileDepth,
        row < rows ? _mm512_maskz_loadu_epi16(mask, from + row * stride) : _mm512_setzero_si512());
}

/// Transposes 16 × 16 numbers of 32 bits from rows `stride` bytes apart. Four rows, 4 apart, are
/// loaded into the quarters of a register, so only fours are left to be transposed.
void transpose_tile(const void* from, std::int64_t stride, void* to) {
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

/// Rows of bfloat16 as left sides: where they lie, or copied with zeros around.
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
LeftTiles left_tiles(Strided<const Bfloat16> rows, std::int64_t tokens, std::int64_t width,
                     std::int64_t tiles, Bfloat16* room) {
  const std::int64_t steps = divide_up(width, kTileDepth);
  if (width % kTileDepth == 0 && tokens == tiles * kTileSide)
    return {rows.base, rows.stride * 2, rows.stride * 2 * kTileSide, kTileDepth * 2};
  for (std::int64_t tile = 0; tile < tiles; ++tile)
    for (std::int64_t step = 0; step < steps; ++step)
      copy_tile(rows.base + tile * kTileSide * rows.stride + step * kTileDepth, rows.stride,
                tokens - tile * kTileSide, channel_mask(step * kTileDepth, width),
                room + (tile * steps + step) * (kTileBytes / 2));
  return {room, 64, steps * kTileBytes, kTileBytes};
}

/// Right sides whose columns are rows of a head: to[tile][step] holds row n of the tile's 16 in
/// column n, paired by channels.
void pack_as_columns(const LeftTiles& rows, std::int64_t tiles, std::int64_t width, void* to) {
  const std::int64_t steps = divide_up(width, kTileDepth);
  auto* const out = static_cast<char*>(to);
  for (std::int64_t tile = 0; tile < tiles; ++tile)
    for (std::int64_t step = 0; step < steps; ++step)
      transpose_tile(rows.side(tile).at(0, step), rows.stride,
                     out + (tile * steps + step) * kTileBytes);
}

/// Right sides whose columns are channels: to[pair of tiles][16 channels] holds 32 rows of a head,
/// paired.
void pack_as_pairs(const LeftTiles& rows, std::int64_t pairs, std::int64_t width, void* to) {
  const std::int64_t columns = divide_up(width, kTileSide);
  auto* const out = static_cast<char*>(to);
  const __m512i first_half = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i second_half = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  for (std::int64_t pair = 0; pair < pairs; ++pair)
    for (std::int64_t column = 0; column < columns; column += 2) {
      char* const at = out + (pair * columns + column) * kTileBytes;
      for (std::int64_t r = 0; r < kTileSide; ++r) {
        const char* const from =
            rows.side(2 * pair + r / 8).at(0, column / 2) + r % 8 * 2 * rows.stride;
        const __m512i even = _mm512_loadu_si512(from);
        const __m512i odd = _mm512_loadu_si512(from + rows.stride);
        const __m512i low = _mm512_unpacklo_epi16(even, odd);
        const __m512i high = _mm512_unpackhi_epi16(even, odd);
        _mm512_storeu_si512(at + r * 64, _mm512_permutex2var_epi64(low, first_half, high));
        if (column + 1 < columns)
          _mm512_storeu_si512(at + kTileBytes + r * 64,
                              _mm512_permutex2var_epi64(low, second_half, high));
      }
    }
}

/// Writes a row of `width` numbers times `scale`, whose tiles of 16 stand `tile` floats apart.
void write_row(const float* from, std::int64_t tile, __m512 scale, std::int64_t width,
               Bfloat16* to) {
  for (std::int64_t channel = 0; channel < width; channel += kTileDepth) {
    const float* const at = from + channel / kTileSide * tile;
    const __m512 low = _mm512_mul_ps(_mm512_loadu_ps(at), scale);
    const __m512 high = channel + kTileSide < width
                            ? _mm512_mul_ps(_mm512_loadu_ps(at + tile), scale)
                            : _mm512_setzero_ps();
    _mm512_mask_storeu_epi16(to + channel, channel_mask(channel, width),
                             (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

/// Element r of the result joins the 16 numbers of row r.
template <class Join>
[[gnu::always_inline]] inline __m512 join_rows(const __m512 (&rows)[16], Join join) {
  __m512 pairs[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i)
    pairs[i] = join(_mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]),
                    _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]));
  __m512 fours[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512d a = _mm512_castps_pd(pairs[2 * i]);
    const __m512d b = _mm512_castps_pd(pairs[2 * i + 1]);
    fours[i] = join(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
                    _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
  }
  const auto across = [&](__m512 a, __m512 b) {
    return join(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
  };
  return across(across(fours[0], fours[1]), across(fours[2], fours[3]));
}

const auto kSum = [](__m512 a, __m512 b) { return _mm512_add_ps(a, b); };
const auto kMost = [](__m512 a, __m512 b) { return _mm512_max_ps(a, b); };

/// 2^(x − ½) to 3e-6, which is rounded to bfloat16: minimax over a whole step of x.
[[gnu::always_inline]] inline __m512 power_half_below(__m512 x) {
  const __m512 fraction = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF);  // in [0, 1)
  __m512 sum =
      _mm512_fmadd_ps(fraction, _mm512_set1_ps(0x1.3997d6p-7f), _mm512_set1_ps(0x1.2d4856p-5f));
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(0x1.5da57ep-3f));
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(0x1.f5c9d2p-2f));
  sum = _mm512_fmadd_ps(sum, fraction, _mm512_set1_ps(0x1.6a0a24p-1f));
  return _mm512_scalef_ps(sum, x);
}

/// log₂ of positive numbers, to 2.5e-7.
__m512 logarithm2_of(__m512 x) {
  using Bits = std::uint32_t __attribute__((vector_size(64)));
  using Real = float __attribute__((vector_size(64)));
  return (__m512)logarithm2<Bits>((Real)x);
}

__m512 counting() { return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }

/// One head: where its weights come from.
struct Head {
  std::int64_t tokens;
  std::int64_t width;
  float scale;  ///< of q·k, to the base 2
  float slope;  ///< to the base 2
  bool causal;
  HeadDropout dropout;
};

Head head_of(const AttentionShape& shape, std::int64_t head) {
  return {shape.tokens,         shape.head_width,
          shape.scale * kLog2E, shape.slopes != nullptr ? shape.slopes[head] * kLog2E : 0,
          shape.causal,         head_dropout(shape.dropout, head)};
}

using Numbers = std::uint32_t __attribute__((vector_size(64)));

/// Dropout's numbers of 16 queries.
Numbers query_numbers(const Head& head, std::int64_t first) {
  return query_number<Numbers>(head.dropout,
                               Numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} +
                                   static_cast<std::uint32_t>(first));
}

/// Which of 16 weights are kept whose keys the lower (upper) halves of the hashes decide for.
[[gnu::always_inline]] inline __mmask16 kept_low(const Head& head, Numbers hash) {
  return _mm512_cmpge_epu32_mask(_mm512_slli_epi32((__m512i)hash, 16),
                                 _mm512_set1_epi32(static_cast<int>(head.dropout.threshold)));
}
[[gnu::always_inline]] inline __mmask16 kept_high(const Head& head, Numbers hash) {
  return _mm512_cmpge_epu32_mask((__m512i)hash,
                                 _mm512_set1_epi32(static_cast<int>(head.dropout.threshold)));
}

constexpr std::int64_t kBlockPairs = 4;  ///< of key tiles in a block of the forward pass
constexpr std::int64_t kBlockTiles = 2 * kBlockPairs;

/// What a row of 16 queries has come to after some blocks of keys.
struct ForwardRow {
  alignas(64) float most[16];            ///< the largest score of each query
  alignas(64) float sum[16][16];         ///< of each query's weights, by lanes
  alignas(64) std::uint32_t number[16];  ///< dropout's, of each query
};

/// A block of keys as a row of queries sees it.
struct ForwardBlock {
  std::int64_t query;  ///< the first of the row
  std::int64_t key;    ///< the first of the block
  std::int64_t tiles;  ///< of keys that some of the queries see
  bool first;          ///< of the blocks
  bool diagonal;       ///< query r of the row sees only the first r + 1 keys of the last tile
  __mmask16 last;      ///< the keys that there are in the last tile
};

/// Turns scores, [tile][query][key], into weights, [pair of tiles][query][32 keys]. Returns what
/// the sums so far, and all that was mixed by them, are to be multiplied with.
template <bool kBiased, bool kDropout>
__m512 softmax_block(const Head& head, const ForwardBlock& block, float* scores, Bfloat16* weights,
                     ForwardRow& row) {
  const __m512 scale = _mm512_set1_ps(head.scale);
  const std::int64_t last = block.tiles - 1;
  const auto last_mask = [&](int query) {
    return block.diagonal ? static_cast<__mmask16>((2u << query) - 1u) : block.last;
  };

  __m512 most[16];
#pragma GCC unroll 1
  for (int query = 0; query < 16; ++query) {
    float* const at = scores + query * 16;
    __m512 largest = _mm512_set1_ps(-__builtin_inff());
    for (std::int64_t tile = 0; tile < block.tiles; ++tile) {
      __m512 score = _mm512_load_ps(at + tile * kFloats);
      if constexpr (kBiased) {
        const auto ahead = static_cast<float>(block.query + query - block.key - tile * kTileSide);
        const __m512 distance = _mm512_abs_ps(_mm512_sub_ps(counting(), _mm512_set1_ps(ahead)));
        score = _mm512_fnmadd_ps(distance, _mm512_set1_ps(head.slope), _mm512_mul_ps(score, scale));
        _mm512_store_ps(at + tile * kFloats, score);
      }
      largest = tile < last ? _mm512_max_ps(largest, score)
                            : _mm512_mask_max_ps(largest, last_mask(query), largest, score);
    }
    most[query] = largest;
  }
  __m512 now_most = join_rows(most, kMost);
  if constexpr (!kBiased) now_most = _mm512_mul_ps(now_most, scale);
  __m512 shrink = _mm512_setzero_ps();
  if (!block.first) {
    const __m512 before = _mm512_load_ps(row.most);
    now_most = _mm512_max_ps(now_most, before);
    shrink = power_half_below(_mm512_add_ps(_mm512_sub_ps(before, now_most), _mm512_set1_ps(0.5f)));
  }
  _mm512_store_ps(row.most, now_most);
  alignas(64) float shifts[16];
  alignas(64) float shrinks[16];
  _mm512_store_ps(shifts, _mm512_sub_ps(_mm512_set1_ps(0.5f), now_most));
  _mm512_store_ps(shrinks, shrink);

#pragma GCC unroll 1
  for (int query = 0; query < 16; ++query) {
    const float* const at = scores + query * 16;
    const __m512 shift = _mm512_set1_ps(shifts[query]);
    const auto weight = [&](std::int64_t tile) {
      const __m512 score = _mm512_load_ps(at + tile * kFloats);
      const __m512 exponent =
          kBiased ? _mm512_add_ps(score, shift) : _mm512_fmadd_ps(score, scale, shift);
      const __m512 power = power_half_below(exponent);
      return tile < last ? power : _mm512_maskz_mov_ps(last_mask(query), power);
    };
    __m512 sum =
        block.first ? _mm512_setzero_ps()
                    : _mm512_mul_ps(_mm512_load_ps(row.sum[query]), _mm512_set1_ps(shrinks[query]));
    for (std::int64_t tile = 0; tile < block.tiles; tile += 2) {
      const __m512 low = weight(tile);
      const __m512 high = tile < last ? weight(tile + 1) : _mm512_setzero_ps();
      sum = _mm512_add_ps(sum, _mm512_add_ps(low, high));
      auto both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
      if constexpr (kDropout) {
        const Numbers lanes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
        const std::uint32_t pair = pair_of(block.key + tile * kTileSide);
        const auto hash = mix32<Numbers>(lanes * kGolden + (row.number[query] + pair * kGolden));
        both = _mm512_maskz_mov_epi16(_mm512_kunpackw(kept_high(head, hash), kept_low(head, hash)),
                                      both);
      }
      _mm512_store_si512(weights + tile / 2 * (kTileBytes / 2) + query * kTileDepth, both);
    }
    _mm512_store_ps(row.sum[query], sum);
  }
  return shrink;
}

/// Multiplies each of 16 rows of a row of tiles with its own factor.
void scale_rows(__m512 factors, std::int64_t tiles, float* rows) {
  if (_mm512_cmpneq_ps_mask(factors, _mm512_set1_ps(1)) == 0) return;
  alignas(64) float factor[16];
  _mm512_store_ps(factor, factors);
  for (std::int64_t tile = 0; tile < tiles; ++tile)
    for (int row = 0; row < 16; ++row) {
      float* const at = rows + tile * kFloats + row * 16;
      _mm512_store_ps(at, _mm512_mul_ps(_mm512_load_ps(at), _mm512_set1_ps(factor[row])));
    }
}

/// The numbers of tiles that cover an array.
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
  std::int64_t rows;     ///< tiles of the tokens' rows, the pairs filled up
};

struct ForwardRoom {
  Bfloat16* query;  ///< copies of rows, as the next two
  Bfloat16* key;
  Bfloat16* value;
  void* key_columns;  ///< [tile][step]
  void* value_pairs;  ///< [pair][column]
  float* scores;      ///< [row][tile]
  Bfloat16* weights;  ///< [row][pair]
  float* mixed;       ///< [row][column]
};

template <bool kBiased, bool kDropout>
void forward_head(const Head& head, const Extent& extent, Strided<const Bfloat16> query,
                  Strided<Bfloat16> mixed, float* log_sum, const ForwardRoom& room) {
  const LeftTiles queries =
      left_tiles(query, head.tokens, head.width, 2 * extent.pairs, room.query);
  const std::int64_t tail = head.tokens % kTileSide;
  for (std::int64_t pair = 0; pair < extent.pairs; ++pair) {
    const std::int64_t rows = least(2, extent.tiles - 2 * pair);
    ForwardRow state[2];
    if constexpr (kDropout)
      for (std::int64_t row = 0; row < rows; ++row)
        _mm512_store_si512(state[row].number,
                           (__m512i)query_numbers(head, (2 * pair + row) * kTileSide));
    const auto seen = [&](std::int64_t row) {  // tiles of keys
      return head.causal ? 2 * pair + row + 1 : extent.tiles;
    };
    const std::int64_t most_seen = seen(rows - 1);
    for (std::int64_t first = 0; first < most_seen; first += kBlockTiles) {
      const std::int64_t block_pairs = divide_up(least(kBlockTiles, most_seen - first), 2);
      multiply_row(rows, 2 * block_pairs, extent.steps, queries.side(2 * pair),
                   {static_cast<const char*>(room.key_columns) + first * extent.steps * kTileBytes,
                    extent.steps * kTileBytes, kTileBytes},
                   room.scores, kBlockTiles * kFloats, kFloats, false);
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t tiles = least(kBlockTiles, seen(row) - first);
        const bool at_end = first + tiles == seen(row);
        const ForwardBlock block{
            (2 * pair + row) * kTileSide,
            first * kTileSide,
            tiles,
            first == 0,
            head.causal && at_end,
            static_cast<__mmask16>(at_end && tail != 0 ? (1u << tail) - 1u : 0xffffu)};
        const __m512 shrink = softmax_block<kBiased, kDropout>(
            head, block, room.scores + row * kBlockTiles * kFloats,
            room.weights + row * kBlockPairs * (kTileBytes / 2), state[row]);
        if (!block.first)
          scale_rows(shrink, extent.columns, room.mixed + row * extent.columns * kFloats);
      }
      multiply_row(
          rows, extent.columns, block_pairs, {room.weights, kBlockPairs * kTileBytes, kTileBytes},
          {static_cast<const char*>(room.value_pairs) + first / 2 * extent.columns * kTileBytes,
           kTileBytes, extent.columns * kTileBytes},
          room.mixed, extent.columns * kFloats, kFloats, first > 0);
    }

    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t first = (2 * pair + row) * kTileSide;
      const std::int64_t count = least(kTileSide, head.tokens - first);
      __m512 sums[16];
      for (int i = 0; i < 16; ++i) sums[i] = _mm512_load_ps(state[row].sum[i]);
      const __m512 sum = join_rows(sums, kSum);
      const __m512 logarithm =
          _mm512_mul_ps(_mm512_add_ps(_mm512_load_ps(state[row].most), logarithm2_of(sum)),
                        _mm512_set1_ps(kLog2));
      _mm512_mask_storeu_ps(log_sum + first, static_cast<__mmask16>((1u << count) - 1u), logarithm);
      alignas(64) float share[16];
      _mm512_store_ps(share, _mm512_div_ps(_mm512_set1_ps(1 / head.dropout.kept), sum));
      for (std::int64_t i = 0; i < count; ++i)
        write_row(room.mixed + row * extent.columns * kFloats + i * 16, kFloats,
                  _mm512_set1_ps(share[i]), head.width, mixed.base + (first + i) * mixed.stride);
    }
  }
}

template <class T>
Strided<T> part(Strided<T> rows, std::int64_t head, std::int64_t width) {
  return {rows.base + head * width, rows.stride};
}

void forward(const AttentionShape& shape, const AttentionForward<Bfloat16>& arrays,
             Scratch& scratch) {
  const Extent extent(shape);
  const std::int64_t width = shape.head_width;
  ForwardRoom room{};
  const auto lay_out = [&](std::byte* memory) {
    Parts parts(memory);
    room.scores = parts.tiles<float>(2 * kBlockTiles);
    room.weights = parts.tiles<Bfloat16>(2 * kBlockPairs);
    room.mixed = parts.tiles<float>(2 * extent.columns);
    room.key_columns = parts.tiles<std::byte>(extent.rows);
    room.value_pairs = parts.tiles<std::byte>(extent.pairs * extent.columns);
    room.query = parts.tiles<Bfloat16>(extent.rows);
    room.key = parts.tiles<Bfloat16>(extent.rows);
    room.value = parts.tiles<Bfloat16>(extent.rows);
    return parts.used();
  };
  lay_out(scratch.reserve(lay_out(nullptr)));

  configure_tiles();
  std::int64_t open = -1;  // the key/value head that is at hand
  for (std::int64_t h = 0; h < shape.heads; ++h) {
    const std::int64_t shared = h * shape.key_value_heads / shape.heads;
    if (shared != open) {
      pack_as_columns(left_tiles(part(arrays.key, shared, width), shape.tokens, width,
                                 2 * extent.pairs, room.key),
                      2 * extent.pairs, width, room.key_columns);
      pack_as_pairs(left_tiles(part(arrays.value, shared, width), shape.tokens, width,
                               2 * extent.pairs, room.value),
                    extent.pairs, width, room.value_pairs);
      open = shared;
    }
    const Head head = head_of(shape, h);
    const bool biased = head.slope != 0 || head.scale <= 0;
    const bool drops = head.dropout.threshold != 0;
    const auto run = biased  ? drops ? forward_head<true, true> : forward_head<true, false>
                      : drops ? forward_head<false, true>
                             : forward_head<false, false>;
    run(head, extent, part(arrays.query, h, width), part(arrays.mixed, h, width),
        arrays.log_sum + h * shape.tokens, room);
  }
  release_tiles();
}

constexpr std::int64_t kKeyPairs = 2;    ///< of key tiles in a block of the backward pass
constexpr std::int64_t kQueryPairs = 4;  ///< of query tiles

struct BackwardRoom {
  Bfloat16* query;  ///< copies of rows, as the next three
  Bfloat16* key;
  Bfloat16* value;
  Bfloat16* mixed_gradient;
  void* query_columns;  ///< [tile][step], as the next
  void* mixed_gradient_columns;
  void* query_pairs;  ///< [pair][column], as the next
  void* mixed_gradient_pairs;
  void* key_transposed;  ///< left side [column][pair]
  float* scores;         ///< [2 of keys][2 of queries], as the next
  float* gradients;
  Bfloat16* weights;  ///< left side [tile of keys][pair of queries], as the next
  Bfloat16* score_gradients;
  Bfloat16* paired;     ///< right side [pair of queries][half][pair of keys]
  float* key_gradient;  ///< [tile][column], as the next: sums over a group of heads
  float* value_gradient;
  float* query_gradient;  ///< transposed, [pair][column][half]
  float* rows;            ///< [column]: 16 queries' gradients
  float* shift;           ///< [token] ½ minus the log of the sum of exponentials, base 2
  float* mean;            ///< [token] of the weights' gradients under the weights
  std::uint32_t* number;  ///< [token] dropout's
};

/// A block of 32 keys × 32 queries: [2][2] tiles.
struct Unit {
  std::int64_t key;
  std::int64_t query;
  std::int64_t key_tiles;  ///< that there are, 1 or 2
  std::int64_t query_tiles;
  bool diagonal;  ///< key i is seen by queries i and later
};

/// Turns scores and the gradients of the weights into weights and the gradients of the scores.
template <bool kBiased, bool kDropout>
void differentiate_unit(const Head& head, const Unit& unit, const BackwardRoom& room,
                        Bfloat16* weights, Bfloat16* score_gradients, Bfloat16* paired) {
  const __m512 scale = _mm512_set1_ps(head.scale);
  const __m512 zero = _mm512_setzero_ps();
  const __m512 per_kept = _mm512_set1_ps(1 / head.dropout.kept);
  const __m512 shift[2] = {_mm512_load_ps(room.shift + unit.query),
                           _mm512_load_ps(room.shift + unit.query + 16)};
  const __m512 mean[2] = {_mm512_load_ps(room.mean + unit.query),
                          _mm512_load_ps(room.mean + unit.query + 16)};
  __mmask16 kept[2][2][16];  // [tile of keys][tile of queries][key]
  if constexpr (kDropout)
    for (int q = 0; q < 2; ++q) {
      const auto number = (Numbers)_mm512_load_si512(room.number + unit.query + 16 * q);
      for (int i = 0; i < 16; ++i) {
        const Numbers hash = pair_hash<Numbers>(number, pair_of(unit.key + i));
        kept[0][q][i] = kept_low(head, hash);
        kept[1][q][i] = kept_high(head, hash);
      }
    }

  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < 16; i += 2) {
      __m512i weight_rows[2];
      __m512i gradient_rows[2];
#pragma GCC unroll 2
      for (int odd = 0; odd < 2; ++odd) {
        const int key = 16 * k + i + odd;  // in the unit
        __m512 weight[2] = {zero, zero};
        __m512 gradient[2] = {zero, zero};
        if (unit.key + key < head.tokens) {
#pragma GCC unroll 2
          for (int q = 0; q < 2; ++q) {
            if (q >= unit.query_tiles || (unit.diagonal && k > q)) continue;
            const std::int64_t at = (2 * k + q) * kFloats + (i + odd) * 16;
            __m512 exponent = _mm512_fmadd_ps(_mm512_load_ps(room.scores + at), scale, shift[q]);
            if constexpr (kBiased) {
              const auto ahead = static_cast<float>(unit.key + key - unit.query - 16 * q);
              exponent =
                  _mm512_fnmadd_ps(_mm512_abs_ps(_mm512_sub_ps(counting(), _mm512_set1_ps(ahead))),
                                   _mm512_set1_ps(head.slope), exponent);
            }
            __m512 power = power_half_below(exponent);
            if (unit.diagonal && k == q)
              power = _mm512_maskz_mov_ps(static_cast<__mmask16>(0xffffu << (i + odd)), power);
            weight[q] = power;
            __m512 of_weight = _mm512_load_ps(room.gradients + at);
            if constexpr (kDropout) {
              const __mmask16 mask = kept[k][q][i + odd];
              weight[q] = _mm512_maskz_mov_ps(mask, power);
              of_weight = _mm512_maskz_mul_ps(mask, of_weight, per_kept);
            }
            gradient[q] = _mm512_mul_ps(power, _mm512_sub_ps(of_weight, mean[q]));
          }
        }
        weight_rows[odd] = (__m512i)_mm512_cvtne2ps_pbh(weight[1], weight[0]);
        gradient_rows[odd] = (__m512i)_mm512_cvtne2ps_pbh(gradient[1], gradient[0]);
        const std::int64_t to = k * kQueryPairs * (kTileBytes / 2) + (i + odd) * kTileDepth;
        _mm512_store_si512(weights + to, weight_rows[odd]);
        _mm512_store_si512(score_gradients + to, gradient_rows[odd]);
      }
      // Each half has 4 of every 8 queries; write_query_gradient puts them in order.
      Bfloat16* const pair = paired + (8 * k + i / 2) * kTileDepth;
      _mm512_store_si512(pair, _mm512_unpacklo_epi16(gradient_rows[0], gradient_rows[1]));
      _mm512_store_si512(pair + kKeyPairs * (kTileBytes / 2),
                         _mm512_unpackhi_epi16(gradient_rows[0], gradient_rows[1]));
    }
  }
}

void write_query_gradient(const Head& head, const Extent& extent, float scale, Strided<Bfloat16> to,
                          const BackwardRoom& room) {
  for (std::int64_t pair = 0; pair < extent.pairs; ++pair)
    for (std::int64_t half = 0; half < 2; ++half) {
      for (std::int64_t column = 0; column < extent.columns; ++column)
        transpose_tile(
            room.query_gradient + ((pair * extent.columns + column) * 2 + half) * kFloats, 64,
            room.rows + column * kFloats);
      for (std::int64_t i = 0; i < 16; ++i) {
        const std::int64_t query = pair * kTileDepth + i / 4 * 8 + half * 4 + i % 4;
        if (query < head.tokens)
          write_row(room.rows + i * 16, kFloats, _mm512_set1_ps(scale), head.width,
                    to.base + query * to.stride);
      }
    }
}

struct BackwardHead {
  Strided<const Bfloat16> query;
  Strided<const Bfloat16> mixed;
  Strided<const Bfloat16> mixed_gradient;
  const float* log_sum;
};

/// Softmax takes from the gradient of each weight their mean under the weights, which is the
/// product of what was mixed with its gradient.
void prepare_queries(const Head& head, const Extent& extent, const BackwardHead& arrays,
                     const LeftTiles& mixed_gradient, const BackwardRoom& room) {
  for (std::int64_t tile = 0; tile < 2 * extent.pairs; ++tile) {
    const std::int64_t first = tile * kTileSide;
    const std::int64_t count = head.tokens - first;
    __m512 products[16];
    for (std::int64_t row = 0; row < 16; ++row) {
      products[row] = _mm512_setzero_ps();
      if (row < count)
        for (std::int64_t step = 0; step < extent.steps; ++step)
          products[row] = _mm512_dpbf16_ps(
              products[row],
              (__m512bh)_mm512_loadu_si512(mixed_gradient.side(tile).at(0, step) +
                                           row * mixed_gradient.stride),
              (__m512bh)_mm512_maskz_loadu_epi16(
                  channel_mask(step * kTileDepth, head.width),
                  arrays.mixed.base + (first + row) * arrays.mixed.stride + step * kTileDepth));
    }
    _mm512_store_ps(room.mean + first, join_rows(products, kSum));
    const __mmask16 there =
        count >= 16 ? 0xffff : static_cast<__mmask16>(count > 0 ? (1u << count) - 1u : 0u);
    const __m512 log_sum = _mm512_maskz_loadu_ps(there, arrays.log_sum + first);
    // Queries that are not there have weights of 0.
    _mm512_store_ps(
        room.shift + first,
        _mm512_mask_fnmadd_ps(_mm512_mask_mov_ps(_mm512_set1_ps(-1e30f), there, log_sum), there,
                              _mm512_set1_ps(kLog2E), _mm512_set1_ps(0.5f)));
    if (head.dropout.threshold != 0)
      _mm512_store_si512(room.number + first, (__m512i)query_numbers(head, first));
  }
}

/// One head; with `add` to the gradients of its keys and values, else as the first of a group.
template <bool kBiased, bool kDropout>
void backward_head(const Head& head, const Extent& extent, const BackwardHead& arrays,
                   const LeftTiles& keys, const LeftTiles& values, bool add,
                   const BackwardRoom& room) {
  const LeftTiles queries =
      left_tiles(arrays.query, head.tokens, head.width, 2 * extent.pairs, room.query);
  const LeftTiles mixed_gradient = left_tiles(arrays.mixed_gradient, head.tokens, head.width,
                                              2 * extent.pairs, room.mixed_gradient);
  pack_as_columns(queries, 2 * extent.pairs, head.width, room.query_columns);
  pack_as_columns(mixed_gradient, 2 * extent.pairs, head.width, room.mixed_gradient_columns);
  pack_as_pairs(queries, extent.pairs, head.width, room.query_pairs);
  pack_as_pairs(mixed_gradient, extent.pairs, head.width, room.mixed_gradient_pairs);
  prepare_queries(head, extent, arrays, mixed_gradient, room);

  constexpr std::int64_t kTileNumbers = kTileBytes / 2;
  const auto columns_of = [&](const void* base, std::int64_t pair) {
    return Side{static_cast<const char*>(base) + 2 * pair * extent.steps * kTileBytes,
                extent.steps * kTileBytes, kTileBytes};
  };
  const auto pairs_of = [&](const void* base, std::int64_t pair) {
    return Side{static_cast<const char*>(base) + pair * extent.columns * kTileBytes, kTileBytes,
                extent.columns * kTileBytes};
  };
  for (std::int64_t key0 = 0; key0 < extent.pairs; key0 += kKeyPairs) {
    const std::int64_t key_end = least(extent.pairs, key0 + kKeyPairs);
    const std::int64_t query_first = head.causal ? key0 : 0;
    for (std::int64_t query0 = query_first; query0 < extent.pairs; query0 += kQueryPairs) {
      const std::int64_t query_end = least(extent.pairs, query0 + kQueryPairs);
      for (std::int64_t key = key0; key < key_end; ++key) {
        const std::int64_t from = head.causal && key > query0 ? key : query0;
        Bfloat16* const weights = room.weights + (key - key0) * 2 * kQueryPairs * kTileNumbers;
        Bfloat16* const score_gradients =
            room.score_gradients + (key - key0) * 2 * kQueryPairs * kTileNumbers;
        for (std::int64_t query = from; query < query_end; ++query) {
          const Unit unit{key * kTileDepth, query * kTileDepth, least(2, extent.tiles - 2 * key),
                          least(2, extent.tiles - 2 * query), head.causal && key == query};
          multiply<2, 2>(extent.steps, keys.side(2 * key), columns_of(room.query_columns, query),
                         room.scores, 2 * kFloats, kFloats, false);
          multiply<2, 2>(extent.steps, values.side(2 * key),
                         columns_of(room.mixed_gradient_columns, query), room.gradients,
                         2 * kFloats, kFloats, false);
          differentiate_unit<kBiased, kDropout>(
              head, unit, room, weights + (query - query0) * kTileNumbers,
              score_gradients + (query - query0) * kTileNumbers,
              room.paired + ((query - query0) * 2 * kKeyPairs + (key - key0)) * kTileNumbers);
        }
        if (from >= query_end) continue;
        const auto add_outer = [&](const Bfloat16* left, const void* right, float* sums) {
          multiply_row(
              2, extent.columns, query_end - from,
              {left + (from - query0) * kTileNumbers, kQueryPairs * kTileBytes, kTileBytes},
              pairs_of(right, from), sums + 2 * key * extent.columns * kFloats,
              extent.columns * kFloats, kFloats, add || query0 > query_first);
        };
        add_outer(weights, room.mixed_gradient_pairs, room.value_gradient);
        add_outer(score_gradients, room.query_pairs, room.key_gradient);
      }
      for (std::int64_t query = query0; query < query_end; ++query) {
        const std::int64_t keys_seen =
            head.causal ? least(key_end - key0, query - key0 + 1) : key_end - key0;
        Side left{static_cast<const char*>(room.key_transposed) + key0 * kTileBytes,
                  extent.pairs * kTileBytes, kTileBytes};
        const Side right{room.paired + (query - query0) * 2 * kKeyPairs * kTileNumbers,
                         kKeyPairs * kTileBytes, kTileBytes};
        float* const sums = room.query_gradient + query * extent.columns * 2 * kFloats;
        for (std::int64_t column = 0; column < extent.columns; column += 2) {
          multiply_row(least(2, extent.columns - column), 2, keys_seen, left, right,
                       sums + column * 2 * kFloats, 2 * kFloats, kFloats, key0 > 0);
          left.base = left.at(2, 0);
        }
      }
    }
  }
}

void backward(const AttentionShape& shape, const AttentionBackward<Bfloat16>& arrays,
              Scratch& scratch) {
  const Extent extent(shape);
  const std::int64_t width = shape.head_width;
  BackwardRoom room{};
  const auto lay_out = [&](std::byte* memory) {
    Parts parts(memory);
    const std::int64_t paired = extent.pairs * extent.columns;
    const std::int64_t numbers = divide_up(extent.pairs * kTileDepth, kFloats);
    room.scores = parts.tiles<float>(4);
    room.gradients = parts.tiles<float>(4);
    room.weights = parts.tiles<Bfloat16>(2 * kKeyPairs * kQueryPairs);
    room.score_gradients = parts.tiles<Bfloat16>(2 * kKeyPairs * kQueryPairs);
    room.paired = parts.tiles<Bfloat16>(2 * kKeyPairs * kQueryPairs);
    room.rows = parts.tiles<float>(extent.columns);
    room.shift = parts.tiles<float>(numbers);
    room.mean = parts.tiles<float>(numbers);
    room.number = parts.tiles<std::uint32_t>(numbers);
    room.query_columns = parts.tiles<std::byte>(extent.rows);
    room.mixed_gradient_columns = parts.tiles<std::byte>(extent.rows);
    room.query_pairs = parts.tiles<std::byte>(paired);
    room.mixed_gradient_pairs = parts.tiles<std::byte>(paired);
    room.key_transposed = parts.tiles<std::byte>(paired);
    room.key_gradient = parts.tiles<float>(2 * paired);
    room.value_gradient = parts.tiles<float>(2 * paired);
    room.query_gradient = parts.tiles<float>(2 * paired);
    room.query = parts.tiles<Bfloat16>(extent.rows);
    room.key = parts.tiles<Bfloat16>(extent.rows);
    room.value = parts.tiles<Bfloat16>(extent.rows);
    room.mixed_gradient = parts.tiles<Bfloat16>(extent.rows);
    return parts.used();
  };
  lay_out(scratch.reserve(lay_out(nullptr)));

  configure_tiles();
  const auto rows_of = [&](Strided<const Bfloat16> rows, std::int64_t head, Bfloat16* copy) {
    return left_tiles(part(rows, head, width), shape.tokens, width, 2 * extent.pairs, copy);
  };
  for (std::int64_t shared = 0, h = 0; shared < shape.key_value_heads; ++shared) {
    const LeftTiles keys = rows_of(arrays.key, shared, room.key);
    const LeftTiles values = rows_of(arrays.value, shared, room.value);
    // Columns of pairs become rows of keys in their order.
    pack_as_pairs(keys, extent.pairs, width, room.query_pairs);
    for (std::int64_t pair = 0; pair < extent.pairs; ++pair)
      for (std::int64_t column = 0; column < extent.columns; ++column)
        transpose_tile(
            static_cast<char*>(room.query_pairs) + (pair * extent.columns + column) * kTileBytes,
            64,
            static_cast<char*>(room.key_transposed) + (column * extent.pairs + pair) * kTileBytes);
    bool first = true;
    for (; h < shape.heads && h * shape.key_value_heads / shape.heads == shared; ++h) {
      const Head head = head_of(shape, h);
      const bool biased = head.slope != 0;
      const bool drops = head.dropout.threshold != 0;
      const auto run = biased  ? drops ? backward_head<true, true> : backward_head<true, false>
                        : drops ? backward_head<false, true>
                               : backward_head<false, false>;
      run(head, extent,
          {part(arrays.query, h, width), part(arrays.mixed, h, width),
           part(arrays.mixed_gradient, h, width), arrays.log_sum + h * shape.tokens},
          keys, values, !first, room);
      write_query_gradient(head, extent, shape.scale, part(arrays.query_gradient, h, width), room);
      first = false;
    }
    const auto write = [&](const float* sums, float scale, Strided<Bfloat16> to) {
      for (std::int64_t token = 0; token < shape.tokens; ++token)
        write_row(sums + token / 16 * extent.columns * kFloats + token % 16 * 16, kFloats,
                  _mm512_set1_ps(scale), width, to.base + token * to.stride);
    };
    write(room.key_gradient, shape.scale, part(arrays.key_gradient, shared, width));
    write(room.value_gradient, 1 / head_dropout(shape.dropout, 0).kept,
          part(arrays.value_gradient, shared, width));
  }
  release_tiles();
}

}  // namespace

extern const AttentionKernels<Bfloat16> kAttentionBfloat16 = {forward, backward};

}  // namespace qkv::amx
// NOLINTEND(bugprone-implicit-widening-of-multiplication-result)
