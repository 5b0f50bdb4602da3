#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/attention_core.h"
#include "kernels/attention_tiles.h"
#include "kernels/tile_products.h"
#include "kernels/tile_rows.h"
#include "kernels/tiles.h"

// In the backward pass, a query is a column of a tile. Weights and score gradients, [key, query],
// are the left side of the products that sum over queries, and paired by keys the right side of the
// product that sums over keys. For a unit of 32 keys × 32 queries, two tiles by two:
//
//                        A: tmm4, tmm5            B: tmm6, tmm7, k in pairs    tmm0 … tmm3
//    scoresᵀ           = keys      [key, channel] · queriesᵀ  [channel, query]
//    weight gradientsᵀ = values    [key, channel] · mixed gradientᵀ  [channel, query]
//
// From both, differentiate_unit makes weightsᵀ and score gradientsᵀ:
//
//             queries 0 … 15   16 … 31            k: queries 0 … 31    left sides
//             +---------+---------+              +------------------+
//     16 keys | scoresᵀ | scoresᵀ |      →       |     weightsᵀ     |  and score gradientsᵀ alike,
//             +---------+---------+              +------------------+
//
//             the score gradientsᵀ also as right sides, whose k are the keys (`paired`)
//                          +---------------------------+
//          keys 0, 1       | of queries 0…3, 8…11, …   |  and a second tile of queries 4…7, 12…15,
//          … keys 2, 3       |                           |
//                          +---------------------------+
//
// Their products add up the gradients:
//
//    value gradient    += weightsᵀ        [key, query] · mixed gradient  [query, channel]
//    key gradient      += score gradientsᵀ [key, query] · queries         [query, channel]
//    query gradientᵀ   += keysᵀ        [channel, key] · score gradientsᵀ [key, query]

namespace qkv::kernels::QKV_TILES {
namespace {

constexpr std::int64_t kKeyPairs = 4;    ///< of key tiles in a block of the backward pass
constexpr std::int64_t kQueryPairs = 4;  ///< of query tiles

struct BackwardRoom {
  Bfloat16* query;  ///< copies of rows, like the next three
  Bfloat16* key;
  Bfloat16* value;
  Bfloat16* mixed_gradient;
  void* query_columns;  ///< [tile][step], like the next
  void* mixed_gradient_columns;
  void* query_pairs;  ///< [pair][column], like the next
  void* mixed_gradient_pairs;
  void* key_transposed;  ///< left side [column][pair]
  float* scores;         ///< [2 of keys][2 of queries], like the next
  float* gradients;
  Bfloat16* weights;  ///< left side [tile of keys][pair of queries], like the next
  Bfloat16* score_gradients;
  Bfloat16* paired;     ///< right side [pair of queries][half][pair of keys]
  float* key_gradient;  ///< [tile][column], like the next: sums over a group of heads
  float* value_gradient;
  float* query_gradient;  ///< transposed, [pair][column][half]
  float* rows;            ///< [column]: 16 queries' gradients
  float* shift;           ///< [token] ½ minus the log of the sum of exponentials, base 2
  float* mean;            ///< [token] mean of the weights' gradients under the weights
  std::uint32_t* number;  ///< [token] of dropout
};

/// Divides the memory; returns how many bytes it needs.
[[gnu::always_inline]] inline std::size_t lay_out(const Extent& extent, std::byte* memory,
                                                  BackwardRoom& room) {
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
}

/// A block of 32 keys × 32 queries: [2][2] tiles.
struct Unit {
  std::int64_t key;
  std::int64_t query;
  std::int64_t query_tiles;  ///< that exist, 1 or 2
  bool diagonal;             ///< query i and later ones attend to key i
};

/// Which weights of a unit dropout keeps.
struct UnitDropout {
  __mmask16 kept[2][2][16];  ///< [tile of keys][tile of queries][key]
};

void draw_unit(const AttentionHead& head, const Unit& unit, const std::uint32_t* numbers,
               UnitDropout& dropout) {
  for (std::int64_t q = 0; q < 2; ++q) {
    const auto number = (Numbers)_mm512_load_si512(numbers + unit.query + 16 * q);
    for (std::int64_t i = 0; i < 16; ++i) {
      const Numbers hash = pair_hash<Numbers>(number, pair_of(unit.key + i));
      dropout.kept[0][q][i] = kept_low(head, hash);
      dropout.kept[1][q][i] = kept_high(head, hash);
    }
  }
}

/// What differentiate_unit reads and writes.
struct UnitArrays {
  const float* scores;     ///< [2 of keys][2 of queries][16][16], like the next
  const float* gradients;  ///< of the weights
  Bfloat16* weights;       ///< left side, from a tile of keys to the next kQueryPairs tiles
  Bfloat16* score_gradients;
  Bfloat16* paired;  ///< right sides, from a half to the next kKeyPairs tiles
};

/// Weights are 2^(exponent − ½), so that their logarithm is score · scale + bias − log sum.
/// `of_key` is the bias of a key that lies behind all queries; `ahead` is the distance of the
/// queries from the unit's first key, and `key` is counted from there.
template <Bias kBias>
[[gnu::always_inline]] inline __m512 exponent_of(__m512 score, __m512 scale, __m512 shift,
                                                 __m512 of_key, __m512 ahead, __m512 slope,
                                                 std::int64_t key) {
  if constexpr (kBias == Bias::kBehind)
    return _mm512_fmadd_ps(score, scale, _mm512_add_ps(shift, of_key));
  const __m512 exponent = _mm512_fmadd_ps(score, scale, shift);
  if constexpr (kBias == Bias::kNone) return exponent;
  const __m512 distance =
      _mm512_abs_ps(_mm512_sub_ps(ahead, _mm512_set1_ps(static_cast<float>(key))));
  return _mm512_fnmadd_ps(distance, slope, exponent);
}

/// 16 keys (tile k) of a unit before its queries from tile kFrom to kEnd.
template <Bias kBias, bool kDropout, bool kMasked, int kFrom, int kEnd>
void differentiate_tile(const AttentionHead& head, const Unit& unit, std::int64_t k,
                        const BackwardRoom& room, const UnitDropout& dropout,
                        const UnitArrays& arrays) {
  const __m512 scale = _mm512_set1_ps(head.scale);
  const __m512 per_kept = _mm512_set1_ps(1 / head.dropout.kept);
  const __m512 slope = _mm512_set1_ps(head.slope);
  __m512 shift[2];
  __m512 ahead[2];  // of the unit's first key
  for (std::int64_t q = 0; q < 2; ++q) {
    shift[q] = _mm512_load_ps(room.shift + unit.query + 16 * q);
    ahead[q] = _mm512_add_ps(lane_numbers(),
                             _mm512_set1_ps(static_cast<float>(unit.query + 16 * q - unit.key)));
    if constexpr (kBias == Bias::kBehind) shift[q] = _mm512_fnmadd_ps(ahead[q], slope, shift[q]);
  }
  const __m512 mean[2] = {_mm512_load_ps(room.mean + unit.query),
                          _mm512_load_ps(room.mean + unit.query + 16)};
  const std::int64_t to = k * kQueryPairs * kNumbers;
  for (std::int64_t i = 0; i < 16; i += 2) {
    __m512i gradient_rows[2];
#pragma GCC unroll 2
    for (std::int64_t odd = 0; odd < 2; ++odd) {
      const std::int64_t key = 16 * k + i + odd;  // in the unit
      const __m512 of_key = _mm512_set1_ps(head.slope * static_cast<float>(key));
      std::uint32_t visible = 0xffffffffu;
      if constexpr (kMasked) {
        if (unit.diagonal) visible <<= key;
        if (unit.key + key >= head.tokens) visible = 0;
      }
      __m512 weight[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
      __m512 gradient[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
#pragma GCC unroll 2
      for (std::int64_t q = kFrom; q < kEnd; ++q) {
        const std::int64_t at = (2 * k + q) * kFloats + (i + odd) * 16;
        const __m512 score = _mm512_load_ps(arrays.scores + at);
        __m512 power = power_half_below(
            exponent_of<kBias>(score, scale, shift[q], of_key, ahead[q], slope, key));
        if constexpr (kMasked)
          power = _mm512_maskz_mov_ps(static_cast<__mmask16>(visible >> (16 * q)), power);
        weight[q] = power;
        __m512 of_weight = _mm512_load_ps(arrays.gradients + at);
        if constexpr (kDropout) {
          const __mmask16 kept = dropout.kept[k][q][i + odd];
          weight[q] = _mm512_maskz_mov_ps(kept, power);
          of_weight = _mm512_maskz_mul_ps(kept, of_weight, per_kept);
        }
        gradient[q] = _mm512_mul_ps(power, _mm512_sub_ps(of_weight, mean[q]));
      }
      gradient_rows[odd] = (__m512i)_mm512_cvtne2ps_pbh(gradient[1], gradient[0]);
      const std::int64_t at = to + (i + odd) * kTileDepth;
      _mm512_store_si512(arrays.weights + at, (__m512i)_mm512_cvtne2ps_pbh(weight[1], weight[0]));
      _mm512_store_si512(arrays.score_gradients + at, gradient_rows[odd]);
    }
    // Each half has 4 of every 8 queries; write_query_gradient restores their order.
    Bfloat16* const pair = arrays.paired + (8 * k + i / 2) * kTileDepth;
    _mm512_store_si512(pair, _mm512_unpacklo_epi16(gradient_rows[0], gradient_rows[1]));
    _mm512_store_si512(pair + kKeyPairs * kNumbers,
                       _mm512_unpackhi_epi16(gradient_rows[0], gradient_rows[1]));
  }
}

/// Turns scores and the gradients of the weights into weights and the gradients of the scores.
template <Bias kBias, bool kDropout>
void differentiate_unit(const AttentionHead& head, const Unit& unit, const BackwardRoom& room,
                        const UnitArrays& arrays) {
  UnitDropout dropout;
  if constexpr (kDropout) draw_unit(head, unit, room.number, dropout);
  const bool masked = unit.diagonal || unit.key + 32 > head.tokens;
  for (std::int64_t k = 0; k < 2; ++k) {
    const auto run = unit.query_tiles == 1     ? differentiate_tile<kBias, kDropout, true, 0, 1>
                     : unit.diagonal && k == 1 ? differentiate_tile<kBias, kDropout, true, 1, 2>
                     : masked                  ? differentiate_tile<kBias, kDropout, true, 0, 2>
                                               : differentiate_tile<kBias, kDropout, false, 0, 2>;
    run(head, unit, k, room, dropout, arrays);
  }
}

/// The same factor for each of 16 rows.
struct Uniform {
  explicit Uniform(float factor) { _mm512_store_ps(factors, _mm512_set1_ps(factor)); }
  alignas(64) float factors[16];
};

void write_query_gradient(const AttentionHead& head, const Extent& extent, const Uniform& scale,
                          Strided<Bfloat16> to, const BackwardRoom& room) {
  for (std::int64_t pair = 0; pair < extent.pairs; ++pair)
    for (std::int64_t half = 0; half < 2; ++half) {
      for (std::int64_t column = 0; column < extent.columns; ++column)
        transpose_tile(
            room.query_gradient + ((pair * extent.columns + column) * 2 + half) * kFloats, 64,
            room.rows + column * kFloats);
      for (std::int64_t four = 0; four < 4; ++four) {
        const std::int64_t first = pair * kTileDepth + four * 8 + half * 4;
        write_rows(room.rows + four * 4 * kTileSide, least(4, head.tokens - first), scale.factors,
                   head.width, to.base + first * to.stride, to.stride);
      }
    }
}

struct BackwardHead {
  Strided<const Bfloat16> query;
  Strided<const Bfloat16> mixed;
  Strided<const Bfloat16> mixed_gradient;
  const float* log_sum;
};

/// Softmax subtracts from the gradient of each weight their mean under the weights, which is the
/// product of the mixed values with their gradient.
void prepare_queries(const AttentionHead& head, const Extent& extent, const BackwardHead& arrays,
                     const LeftTiles& mixed_gradient, const BackwardRoom& room) {
  for (std::int64_t tile = 0; tile < 2 * extent.pairs; ++tile) {
    const std::int64_t first = tile * kTileSide;
    const std::int64_t count = head.tokens - first;
    __m512 products[16];
    for (__m512& product : products) product = _mm512_setzero_ps();
    for (std::int64_t step = 0; step < extent.steps; ++step) {
      const __mmask32 mask = channel_mask(step * kTileDepth, head.width);
      const char* const gradient = mixed_gradient.side(tile).at(0, step);
      const Bfloat16* const mixed =
          arrays.mixed.base + first * arrays.mixed.stride + step * kTileDepth;
      for (std::int64_t row = 0; row < least(kTileSide, count); ++row)
        products[row] = _mm512_dpbf16_ps(
            products[row], (__m512bh)_mm512_loadu_si512(gradient + row * mixed_gradient.stride),
            (__m512bh)_mm512_maskz_loadu_epi16(mask, mixed + row * arrays.mixed.stride));
    }
    _mm512_store_ps(room.mean + first, join_rows(products, kSum));
    const __mmask16 there =
        count >= 16 ? 0xffff : static_cast<__mmask16>(count > 0 ? (1u << count) - 1u : 0u);
    const __m512 log_sum = _mm512_maskz_loadu_ps(there, arrays.log_sum + first);
    // Missing queries have weights of 0.
    _mm512_store_ps(
        room.shift + first,
        _mm512_mask_fnmadd_ps(_mm512_mask_mov_ps(_mm512_set1_ps(-1e30f), there, log_sum), there,
                              _mm512_set1_ps(kLog2E), _mm512_set1_ps(0.5f)));
    if (head.dropout.threshold != 0)
      _mm512_store_si512(room.number + first, (__m512i)query_numbers(head, first));
  }
}

/// sums[2 of keys][2 of queries] = rows of keys or values times columns of queries.
[[gnu::always_inline]] inline void multiply_unit(const Extent& extent, const Side& keys,
                                                 const void* columns, std::int64_t query,
                                                 float* sums) {
  multiply<2, 2>(extent.steps, keys,
                 {static_cast<const char*>(columns) + 2 * query * extent.steps * kTileBytes,
                  extent.steps * kTileBytes, kTileBytes},
                 {sums, 2 * kFloats, kFloats}, false);
}

/// Gradients of a pair of key tiles: `left`, weights or score gradients, times the rows of `count`
/// pairs of query tiles from `query` on.
[[gnu::always_inline]] inline void sum_over_queries(const Extent& extent, const Bfloat16* left,
                                                    const void* right, std::int64_t query,
                                                    std::int64_t count, std::int64_t key,
                                                    float* sums, bool add) {
  multiply_row(2, extent.columns, count, {left, kQueryPairs * kTileBytes, kTileBytes},
               {static_cast<const char*>(right) + query * extent.columns * kTileBytes, kTileBytes,
                extent.columns * kTileBytes},
               {sums + 2 * key * extent.columns * kFloats, extent.columns * kFloats, kFloats}, add);
}

/// The transposed gradient of a pair of query tiles: the keys from pair `key` to `end`, transposed,
/// times their score gradients, added to the sums over earlier keys.
[[gnu::always_inline]] inline void sum_over_keys(const Extent& extent, const BackwardRoom& room,
                                                 std::int64_t query, const Bfloat16* paired,
                                                 std::int64_t key, std::int64_t end) {
  for (std::int64_t column = 0; column < extent.columns; column += 2)
    multiply_row(
        least(2, extent.columns - column), 2, end - key,
        {static_cast<const char*>(room.key_transposed) + (column * extent.pairs + key) * kTileBytes,
         extent.pairs * kTileBytes, kTileBytes},
        {paired, kKeyPairs * kTileBytes, kTileBytes},
        {room.query_gradient + (query * extent.columns + column) * 2 * kFloats, 2 * kFloats,
         kFloats},
        key > 0);
}

/// One head; with `add`, adds to the gradients of its keys and values; otherwise, it is the first
/// of a group.
template <Bias kBias, bool kDropout>
void backward_head(const AttentionHead& head, const Extent& extent, const BackwardHead& arrays,
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

  for (std::int64_t key0 = 0; key0 < extent.pairs; key0 += kKeyPairs) {
    const std::int64_t key_end = least(extent.pairs, key0 + kKeyPairs);
    const std::int64_t query_first = head.causal ? key0 : 0;
    for (std::int64_t query0 = query_first; query0 < extent.pairs; query0 += kQueryPairs) {
      const std::int64_t query_end = least(extent.pairs, query0 + kQueryPairs);
      for (std::int64_t key = key0; key < key_end; ++key) {
        const std::int64_t from = head.causal && key > query0 ? key : query0;
        const std::int64_t row = (key - key0) * 2 * kQueryPairs;  // of tiles in the block
        for (std::int64_t query = from; query < query_end; ++query) {
          multiply_unit(extent, keys.side(2 * key), room.query_columns, query, room.scores);
          multiply_unit(extent, values.side(2 * key), room.mixed_gradient_columns, query,
                        room.gradients);
          const Unit unit{key * kTileDepth, query * kTileDepth, least(2, extent.tiles - 2 * query),
                          head.causal && key == query};
          const std::int64_t place = (row + query - query0) * kNumbers;
          differentiate_unit<kBias, kDropout>(
              head, unit, room,
              {room.scores, room.gradients, room.weights + place, room.score_gradients + place,
               room.paired + ((query - query0) * 2 * kKeyPairs + (key - key0)) * kNumbers});
        }
        if (from >= query_end) continue;  // no query of the block attends to it
        const auto add_products = [&](const Bfloat16* left, const void* right, float* sums) {
          sum_over_queries(extent, left + (row + from - query0) * kNumbers, right, from,
                           query_end - from, key, sums, add || query0 > query_first);
        };
        add_products(room.weights, room.mixed_gradient_pairs, room.value_gradient);
        add_products(room.score_gradients, room.query_pairs, room.key_gradient);
      }
      for (std::int64_t query = query0; query < query_end; ++query) {
        const std::int64_t end = head.causal ? least(key_end, query + 1) : key_end;
        sum_over_keys(extent, room, query,
                      room.paired + (query - query0) * 2 * kKeyPairs * kNumbers, key0, end);
      }
    }
  }
}

/// Keys as left sides whose rows are channels. Columns of pairs become rows of keys in their
/// original order.
[[gnu::always_inline]] inline void transpose_keys(const LeftTiles& keys, const Extent& extent,
                                                  std::int64_t width, const BackwardRoom& room) {
  pack_as_pairs(keys, extent.pairs, width, room.query_pairs);
  for (std::int64_t pair = 0; pair < extent.pairs; ++pair)
    for (std::int64_t column = 0; column < extent.columns; ++column)
      transpose_tile(
          static_cast<char*>(room.query_pairs) + (pair * extent.columns + column) * kTileBytes, 64,
          static_cast<char*>(room.key_transposed) + (column * extent.pairs + pair) * kTileBytes);
}

/// Writes the sums of a group's heads, [tile][column], as the gradients of keys or values.
[[gnu::always_inline]] inline void write_gradient(const AttentionShape& shape, const Extent& extent,
                                                  const float* sums, float scale,
                                                  Strided<Bfloat16> to) {
  const Uniform factor(scale);
  for (std::int64_t tile = 0; tile < extent.tiles; ++tile)
    write_rows(sums + tile * extent.columns * kFloats,
               least(kTileSide, shape.tokens - tile * kTileSide), factor.factors, shape.head_width,
               to.base + tile * kTileSide * to.stride, to.stride);
}

using BackwardOfHead = void (*)(const AttentionHead&, const Extent&, const BackwardHead&,
                                const LeftTiles&, const LeftTiles&, bool, const BackwardRoom&);

template <Bias kBias>
BackwardOfHead backward_of(bool drops) {
  return drops ? backward_head<kBias, true> : backward_head<kBias, false>;
}

BackwardOfHead backward_of(const AttentionHead& head) {
  const bool drops = head.dropout.threshold != 0;
  switch (bias_of(head)) {
    case Bias::kNone:
      return backward_of<Bias::kNone>(drops);
    case Bias::kBehind:
      return backward_of<Bias::kBehind>(drops);
    default:
      return backward_of<Bias::kAround>(drops);
  }
}

}  // namespace

void attention_backward(const AttentionShape& shape, const AttentionBackward<Bfloat16>& arrays,
                        Scratch& scratch) {
  const Extent extent(shape);
  const std::int64_t width = shape.head_width;
  BackwardRoom room{};
  lay_out(extent, scratch.reserve(lay_out(extent, nullptr, room)), room);

  configure_tiles();
  const auto rows_of = [&](Strided<const Bfloat16> rows, std::int64_t head, Bfloat16* copy) {
    return left_tiles(part(rows, head, width), shape.tokens, width, 2 * extent.pairs, copy);
  };
  for (std::int64_t shared = 0, h = 0; shared < shape.key_value_heads; ++shared) {
    const LeftTiles keys = rows_of(arrays.key, shared, room.key);
    const LeftTiles values = rows_of(arrays.value, shared, room.value);
    transpose_keys(keys, extent, width, room);
    bool first = true;
    for (; h < shape.heads && shared_head(shape, h) == shared; ++h) {
      const AttentionHead head = attention_head(shape, h);
      const auto run = backward_of(head);
      run(head, extent,
          {part(arrays.query, h, width), part(arrays.mixed, h, width),
           part(arrays.mixed_gradient, h, width), arrays.log_sum + h * shape.tokens},
          keys, values, !first, room);
      write_query_gradient(head, extent, Uniform(shape.scale),
                           part(arrays.query_gradient, h, width), room);
      first = false;
    }
    const auto write = [&](const float* sums, float scale, Strided<Bfloat16> to) {
      const Uniform factor(scale);
      for (std::int64_t tile = 0; tile < extent.tiles; ++tile)
        write_rows(sums + tile * extent.columns * kFloats,
                   least(kTileSide, shape.tokens - tile * kTileSide), factor.factors, width,
                   to.base + tile * kTileSide * to.stride, to.stride);
    };
    write(room.key_gradient, shape.scale, part(arrays.key_gradient, shared, width));
    write(room.value_gradient, 1 / head_dropout(shape.dropout, 0).kept,
          part(arrays.value_gradient, shared, width));
  }
  release_tiles();
}

}  // namespace qkv::kernels::QKV_TILES
