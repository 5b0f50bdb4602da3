#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/attention_core.h"
#include "kernels/attention_tiles.h"
#include "kernels/tile_products.h"
#include "kernels/tile_rows.h"
#include "kernels/tiles.h"

// In the forward pass, a query is a row of a tile: the weights are the left side of their product
// with the values, which keep their layout. For 32 queries, two rows of tiles, and a block of up to
// 64 keys, four tiles (all numbers are bfloat16 but those of scores and mixed, which are floats):
//
//     scores = queries · keysᵀ
//
//                 k: 32 channels         16 keys, a key's pairs in a column   16 keys
//               +----------------+      +---------------------------+      +--------+
//    16 queries | rows, in place |  ×   | channels 0, 1 of each key |  =   | scores |
//               |  or copied     |      | channels 2, 3             |      |        |
//               +----------------+      +---------------------------+      +--------+
//                A: tmm4, tmm5           B: tmm6, tmm7 (key_columns)        tmm0 … tmm3
//
//     weights = 2^(scores − their maximum): two tiles of scores become one of weights
//
//               keys 0 … 15   keys 16 … 31          k: keys 0 … 31
//               +---------+-----------+            +----------------+
//    16 queries | scores  |  scores   |     →      |    weights     |
//               +---------+-----------+            +----------------+
//
//     mixed += weights · values
//
//                 k: 32 keys             16 channels, pairs of keys         16 channels
//               +----------------+      +---------------------------+      +--------+
//    16 queries |    weights     |  ×   | keys 0, 1 of each channel |  =   | mixed  |
//               |                |      | keys 2, 3                 |      |        |
//               +----------------+      +---------------------------+      +--------+
//                A: tmm4, tmm5           B: tmm6, tmm7 (value_pairs)        tmm0 … tmm3

namespace qkv::kernels::QKV_TILES {
namespace {

constexpr std::int64_t kBlockPairs = 2;  ///< of key tiles in a block
constexpr std::int64_t kBlockTiles = 2 * kBlockPairs;

/// Multiplies each of 16 rows of a row of tiles with its own factor.
void scale_rows(__m512 factors, std::int64_t tiles, float* rows) {
  if (_mm512_cmpneq_ps_mask(factors, _mm512_set1_ps(1)) == 0) return;
  alignas(64) float factor[16];
  _mm512_store_ps(factor, factors);
  for (std::int64_t tile = 0; tile < tiles; ++tile)
    for (std::int64_t row = 0; row < 16; ++row) {
      float* const at = rows + tile * kFloats + row * 16;
      _mm512_store_ps(at, _mm512_mul_ps(_mm512_load_ps(at), _mm512_set1_ps(factor[row])));
    }
}

/// The state of a row of 16 queries after some blocks of keys.
struct ForwardRow {
  alignas(64) float most[16];            ///< the largest score of each query
  alignas(64) float sum[16][16];         ///< of each query's weights, by lanes
  alignas(64) std::uint32_t number[16];  ///< dropout's number of each query
};

/// A block of keys for a row of queries.
struct ForwardBlock {
  std::int64_t query;            ///< the first of the row
  std::int64_t key;              ///< the first of the block
  std::int64_t tiles;            ///< of keys to which some of the queries attend
  bool first;                    ///< of the blocks
  const std::uint16_t* visible;  ///< [16]: the keys of the last tile to which each query attends
};

/// Query r of a row attends to the first r + 1 keys of the tile on the diagonal.
constexpr std::uint16_t kDiagonal[16] = {0x0001, 0x0003, 0x0007, 0x000f, 0x001f, 0x003f,
                                         0x007f, 0x00ff, 0x01ff, 0x03ff, 0x07ff, 0x0fff,
                                         0x1fff, 0x3fff, 0x7fff, 0xffff};

/// Raises `most`, the maximum of each query by lanes, to the scores of a tile. Biased scores are
/// stored back; with Bias::kBehind, they are relative to the first query of the row, since the
/// scores of each other query differ by a constant.
template <Bias kBias, bool kLast>
void raise_to_tile(const AttentionHead& head, const ForwardBlock& block, std::int64_t tile,
                   float* scores, __m512 (&most)[16]) {
  const __m512 scale = _mm512_set1_ps(head.scale);
  const __m512 slope = _mm512_set1_ps(head.slope);
  const __m512 ahead =
      _mm512_add_ps(lane_numbers(),
                    _mm512_set1_ps(static_cast<float>(block.key + tile * kTileSide - block.query)));
  const __m512 of_keys = _mm512_mul_ps(ahead, slope);
#pragma GCC unroll 4
  for (std::int64_t query = 0; query < 16; ++query) {
    float* const at = scores + tile * kFloats + query * 16;
    __m512 score = _mm512_load_ps(at);
    if constexpr (kBias == Bias::kBehind) {
      score = _mm512_fmadd_ps(score, scale, of_keys);
    } else if constexpr (kBias == Bias::kAround) {
      const __m512 distance =
          _mm512_abs_ps(_mm512_sub_ps(ahead, _mm512_set1_ps(static_cast<float>(query))));
      score = _mm512_fnmadd_ps(distance, slope, _mm512_mul_ps(score, scale));
    }
    if constexpr (kBias != Bias::kNone) _mm512_store_ps(at, score);
    most[query] = kLast ? _mm512_mask_max_ps(most[query], block.visible[query], most[query], score)
                        : _mm512_max_ps(most[query], score);
  }
}

enum class Tiles { kBoth, kLastOfTwo, kLastAlone };

/// The weights of one or two tiles of keys.
template <Bias kBias, bool kDropout, Tiles kTiles>
void weigh_tiles(const AttentionHead& head, const ForwardBlock& block, std::int64_t tile,
                 const float* scores, const float* shifts, Bfloat16* weights, ForwardRow& row) {
  const __m512 scale = _mm512_set1_ps(head.scale);
  const auto power = [&](const float* at, float shift) {
    const __m512 score = _mm512_load_ps(at);
    return power_half_below(kBias != Bias::kNone
                                ? _mm512_add_ps(score, _mm512_set1_ps(shift))
                                : _mm512_fmadd_ps(score, scale, _mm512_set1_ps(shift)));
  };
  const Numbers lanes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Numbers pairs = lanes * kGolden + pair_of(block.key + tile * kTileSide) * kGolden;
  const float* const from = scores + tile * kFloats;
  Bfloat16* const to = weights + tile / 2 * kNumbers;
#pragma GCC unroll 2
  for (std::int64_t query = 0; query < 16; ++query) {
    const __mmask16 visible = kTiles == Tiles::kBoth ? 0xffff : block.visible[query];
    __m512 low = power(from + query * 16, shifts[query]);
    if constexpr (kTiles == Tiles::kLastAlone) low = _mm512_maskz_mov_ps(visible, low);
    __m512 high = _mm512_setzero_ps();
    __m512 sum = _mm512_add_ps(_mm512_load_ps(row.sum[query]), low);
    if constexpr (kTiles != Tiles::kLastAlone) {
      high = power(from + kFloats + query * 16, shifts[query]);
      if constexpr (kTiles == Tiles::kLastOfTwo) high = _mm512_maskz_mov_ps(visible, high);
      sum = _mm512_add_ps(sum, high);
    }
    _mm512_store_ps(row.sum[query], sum);
    auto both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    if constexpr (kDropout) {
      const auto hash = mix32<Numbers>(pairs + row.number[query]);
      both = _mm512_maskz_mov_epi16(_mm512_kunpackw(kept_high(head, hash), kept_low(head, hash)),
                                    both);
    }
    _mm512_store_si512(to + query * kTileDepth, both);
  }
}

/// Turns scores, [tile][query][key], into weights, [pair of tiles][query][32 keys]. Returns the
/// factors for the sums and the mixed values so far.
template <Bias kBias, bool kDropout>
__m512 softmax_block(const AttentionHead& head, const ForwardBlock& block, float* scores,
                     Bfloat16* weights, ForwardRow& row) {
  const std::int64_t last = block.tiles - 1;
  __m512 most[16];
  for (__m512& one : most) one = _mm512_set1_ps(-__builtin_inff());
  for (std::int64_t tile = 0; tile < last; ++tile)
    raise_to_tile<kBias, false>(head, block, tile, scores, most);
  raise_to_tile<kBias, true>(head, block, last, scores, most);

  __m512 now_most = join_rows(most, kMost);
  if constexpr (kBias == Bias::kNone)
    now_most = _mm512_mul_ps(now_most, _mm512_set1_ps(head.scale));
  __m512 shrink = _mm512_set1_ps(1);
  if (block.first) {
    for (auto& sum : row.sum) _mm512_store_ps(sum, _mm512_setzero_ps());
  } else {
    const __m512 before = _mm512_load_ps(row.most);
    now_most = _mm512_max_ps(now_most, before);
    shrink = power_half_below(_mm512_add_ps(_mm512_sub_ps(before, now_most), _mm512_set1_ps(0.5f)));
    scale_rows(shrink, 1, row.sum[0]);
  }
  _mm512_store_ps(row.most, now_most);
  alignas(64) float shifts[16];
  _mm512_store_ps(shifts, _mm512_sub_ps(_mm512_set1_ps(0.5f), now_most));

  std::int64_t tile = 0;
  for (; tile + 1 < last; tile += 2)
    weigh_tiles<kBias, kDropout, Tiles::kBoth>(head, block, tile, scores, shifts, weights, row);
  const auto weigh_last = tile < last ? weigh_tiles<kBias, kDropout, Tiles::kLastOfTwo>
                                      : weigh_tiles<kBias, kDropout, Tiles::kLastAlone>;
  weigh_last(head, block, tile, scores, shifts, weights, row);
  return shrink;
}

struct ForwardRoom {
  Bfloat16* query;  ///< copies of rows, like the next two
  Bfloat16* key;
  Bfloat16* value;
  void* key_columns;  ///< [tile][step]
  void* value_pairs;  ///< [pair][column]
  float* scores;      ///< [row][tile]
  Bfloat16* weights;  ///< [row][pair]
  float* mixed;       ///< [row][column]
};

/// Divides the memory; returns how many bytes it needs.
[[gnu::always_inline]] inline std::size_t lay_out(const Extent& extent, std::byte* memory,
                                                  ForwardRoom& room) {
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
}

/// Divides the mixed values of a row of queries by the sums of their weights and writes them.
template <Bias kBias>
void finish_row(const AttentionHead& head, std::int64_t row, const ForwardRow& state,
                const float* sums, Strided<Bfloat16> mixed, float* log_sum) {
  const std::int64_t first = row * kTileSide;
  const std::int64_t count = least(kTileSide, head.tokens - first);
  __m512 lanes[16];
  for (std::int64_t i = 0; i < 16; ++i) lanes[i] = _mm512_load_ps(state.sum[i]);
  const __m512 sum = join_rows(lanes, kSum);
  __m512 logarithm = _mm512_add_ps(_mm512_load_ps(state.most), logarithm2_of(sum));
  if constexpr (kBias == Bias::kBehind)
    logarithm = _mm512_fnmadd_ps(lane_numbers(), _mm512_set1_ps(head.slope), logarithm);
  logarithm = _mm512_mul_ps(logarithm, _mm512_set1_ps(kLog2));
  _mm512_mask_storeu_ps(log_sum + first, static_cast<__mmask16>((1u << count) - 1u), logarithm);
  alignas(64) float share[16];
  _mm512_store_ps(share, _mm512_div_ps(_mm512_set1_ps(1 / head.dropout.kept), sum));
  write_rows(sums, count, share, head.width, mixed.base + first * mixed.stride, mixed.stride);
}

/// scores = queries · keysᵀ for a block of keys.
[[gnu::always_inline]] inline void score_block(const Extent& extent, std::int64_t rows,
                                               const Side& left, std::int64_t first,
                                               std::int64_t key_pairs, const ForwardRoom& room) {
  multiply_row(rows, 2 * key_pairs, extent.steps, left,
               {static_cast<const char*>(room.key_columns) + first * extent.steps * kTileBytes,
                extent.steps * kTileBytes, kTileBytes},
               {room.scores, kBlockTiles * kFloats, kFloats}, false);
}

/// mixed = weights · values for a block of keys, or added to what earlier blocks have given.
[[gnu::always_inline]] inline void mix_block(const Extent& extent, std::int64_t rows,
                                             std::int64_t first, std::int64_t key_pairs,
                                             const ForwardRoom& room) {
  multiply_row(
      rows, extent.columns, key_pairs, {room.weights, kBlockPairs * kTileBytes, kTileBytes},
      {static_cast<const char*>(room.value_pairs) + first / 2 * extent.columns * kTileBytes,
       kTileBytes, extent.columns * kTileBytes},
      {room.mixed, extent.columns * kFloats, kFloats}, first > 0);
}

template <Bias kBias, bool kDropout>
void forward_head(const AttentionHead& head, const Extent& extent, Strided<const Bfloat16> query,
                  Strided<Bfloat16> mixed, float* log_sum, const ForwardRoom& room) {
  const LeftTiles queries =
      left_tiles(query, head.tokens, head.width, 2 * extent.pairs, room.query);
  std::uint16_t all[16];
  std::uint16_t tail[16];  // of the keys
  for (std::int64_t row = 0; row < 16; ++row) {
    all[row] = 0xffff;
    tail[row] = kDiagonal[(head.tokens - 1) % kTileSide];
  }
  const auto seen = [&](std::int64_t row) { return head.causal ? row + 1 : extent.tiles; };
  for (std::int64_t pair = 0; pair < extent.pairs; ++pair) {
    const std::int64_t rows = least(2, extent.tiles - 2 * pair);
    const std::int64_t most_seen = seen(2 * pair + rows - 1);
    ForwardRow state[2];
    if constexpr (kDropout)
      for (std::int64_t row = 0; row < rows; ++row)
        _mm512_store_si512(state[row].number,
                           (__m512i)query_numbers(head, (2 * pair + row) * kTileSide));
    for (std::int64_t first = 0; first < most_seen; first += kBlockTiles) {
      const std::int64_t key_pairs = divide_up(least(kBlockTiles, most_seen - first), 2);
      score_block(extent, rows, queries.side(2 * pair), first, key_pairs, room);
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t query_row = 2 * pair + row;
        const std::int64_t tiles = least(kBlockTiles, seen(query_row) - first);
        const bool at_end = first + tiles == seen(query_row);
        const ForwardBlock block{query_row * kTileSide, first * kTileSide, tiles, first == 0,
                                 !at_end       ? all
                                 : head.causal ? kDiagonal
                                               : tail};
        const __m512 shrink =
            softmax_block<kBias, kDropout>(head, block, room.scores + row * kBlockTiles * kFloats,
                                           room.weights + row * kBlockPairs * kNumbers, state[row]);
        if (!block.first)
          scale_rows(shrink, extent.columns, room.mixed + row * extent.columns * kFloats);
      }
      mix_block(extent, rows, first, key_pairs, room);
    }
    for (std::int64_t row = 0; row < rows; ++row)
      finish_row<kBias>(head, 2 * pair + row, state[row],
                        room.mixed + row * extent.columns * kFloats, mixed, log_sum);
  }
}

using ForwardOfHead = void (*)(const AttentionHead&, const Extent&, Strided<const Bfloat16>,
                               Strided<Bfloat16>, float*, const ForwardRoom&);

template <Bias kBias>
ForwardOfHead forward_of(bool drops) {
  return drops ? forward_head<kBias, true> : forward_head<kBias, false>;
}

ForwardOfHead forward_of(const AttentionHead& head) {
  const bool drops = head.dropout.threshold != 0;
  // Without a bias, the scores are scaled after their maximum is taken.
  switch (head.scale > 0 ? bias_of(head) : Bias::kAround) {
    case Bias::kNone:
      return forward_of<Bias::kNone>(drops);
    case Bias::kBehind:
      return forward_of<Bias::kBehind>(drops);
    default:
      return forward_of<Bias::kAround>(drops);
  }
}

}  // namespace

void attention_forward(const AttentionShape& shape, const AttentionForward<Bfloat16>& arrays,
                       Scratch& scratch) {
  const Extent extent(shape);
  const std::int64_t width = shape.head_width;
  ForwardRoom room{};
  lay_out(extent, scratch.reserve(lay_out(extent, nullptr, room)), room);

  configure_tiles();
  std::int64_t open = -1;  // the current key/value head
  for (std::int64_t h = 0; h < shape.heads; ++h) {
    const std::int64_t shared = shared_head(shape, h);
    if (shared != open) {
      pack_as_columns(left_tiles(part(arrays.key, shared, width), shape.tokens, width,
                                 2 * extent.pairs, room.key),
                      2 * extent.pairs, width, room.key_columns);
      pack_as_pairs(left_tiles(part(arrays.value, shared, width), shape.tokens, width,
                               2 * extent.pairs, room.value),
                    extent.pairs, width, room.value_pairs);
      open = shared;
    }
    const AttentionHead head = attention_head(shape, h);
    const auto run = forward_of(head);
    run(head, extent, part(arrays.query, h, width), part(arrays.mixed, h, width),
        arrays.log_sum + h * shape.tokens, room);
  }
  release_tiles();
}

}  // namespace qkv::kernels::QKV_TILES
