#include <cstddef>
#include <cstdint>

#include "kernels/attention_core.h"
#include "kernels/attention_dropout.h"
#include "kernels/attention_head.h"
#include "kernels/exponential.h"
#include "kernels/lanes.h"

// Attention with one query per lane. Scores are computed transposed, [key, query]. Therefore, the
// softmax over the keys needs no sum across lanes, keys and values are read in their own layout,
// one number at a time for all lanes, and only the queries and their mixed values are transposed.

namespace qkv::kernels::QKV_LANES {

#ifdef __AVX512BF16__
// With tiles of 16 × 16 scores: kernels/attention_forward_tiles.cc and attention_backward_tiles.cc.
void attention_forward(const AttentionShape& shape, const AttentionForward<Bfloat16>& arrays,
                       Scratch& scratch);
void attention_backward(const AttentionShape& shape, const AttentionBackward<Bfloat16>& arrays,
                        Scratch& scratch);
#endif

namespace {

constexpr int kMostVectors = 2;  ///< of queries in a block
constexpr std::int64_t kMostQueries = kMostVectors * kLanes;
constexpr std::int64_t kMostKeys = 64;  ///< in a block: its scores stay in the first-level cache
#if defined(__AVX512F__)
constexpr int kTileRows = 8;
#else
constexpr int kTileRows = 4;  ///< 16 registers hold no more sums
#endif

/// A matrix of numbers, [row, step] of a product's left side.
struct Left {
  const float* base;
  std::int64_t row;   ///< from a row to the next; 1 if kRowsAdjacent
  std::int64_t step;  ///< from a step to the next; 1 if not
};

template <int kRows, int kVectors, bool kRowsAdjacent>
[[gnu::always_inline]] inline void product_tile(const Left& left, std::int64_t steps,
                                                const float* right, std::int64_t right_stride,
                                                float* sums, std::int64_t sums_stride, bool add) {
  Lanes sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v)
      sum[row][v] = add ? load(sums + row * sums_stride + v * kLanes) : Lanes{};
  for (std::int64_t step = 0; step < steps; ++step) {
    Lanes numbers[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) numbers[v] = load(right + step * right_stride + v * kLanes);
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
      const Lanes factor = broadcast(kRowsAdjacent ? left.base[step * left.step + row]
                                                   : left.base[row * left.row + step]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[row][v] += factor * numbers[v];
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) store(sums + row * sums_stride + v * kLanes, sum[row][v]);
}

/// sums[row, kVectors · kLanes] = left[row, step] · right[step, kVectors · kLanes], or added to it.
template <int kVectors, bool kRowsAdjacent>
void product(std::int64_t rows, std::int64_t steps, Left left, const float* right,
             std::int64_t right_stride, float* sums, std::int64_t sums_stride, bool add) {
  std::int64_t row = 0;
  const auto rows_from = [&] {
    return Left{left.base + row * (kRowsAdjacent ? 1 : left.row), left.row, left.step};
  };
  for (; row + kTileRows <= rows; row += kTileRows)
    product_tile<kTileRows, kVectors, kRowsAdjacent>(rows_from(), steps, right, right_stride,
                                                     sums + row * sums_stride, sums_stride, add);
  if (kTileRows > 4 && row + 4 <= rows) {
    product_tile<4, kVectors, kRowsAdjacent>(rows_from(), steps, right, right_stride,
                                             sums + row * sums_stride, sums_stride, add);
    row += 4;
  }
  for (; row < rows; ++row)
    product_tile<1, kVectors, kRowsAdjacent>(rows_from(), steps, right, right_stride,
                                             sums + row * sums_stride, sums_stride, add);
}

constexpr std::int64_t round_up(std::int64_t count, std::int64_t unit) {
  return (count + unit - 1) / unit * unit;
}

/// Hands out parts of a scratch, each at an address divisible by 64.
class Parts {
 public:
  explicit Parts(std::byte* memory) : memory_(memory) {}

  float* floats(std::int64_t count) {
    auto* const part = reinterpret_cast<float*>(memory_ + used_);
    used_ += round_up(count, 16) * static_cast<std::int64_t>(sizeof(float));
    return part;
  }
  std::int64_t used() const { return used_; }

 private:
  std::byte* memory_;
  std::int64_t used_ = 0;
};

/// to[channel, lane] of kVectors vectors = from[lane, channel]; rows from `rows` on are zeros.
template <int kVectors, class T>
void read_transposed(const T* from, std::int64_t stride, std::int64_t rows, std::int64_t width,
                     float* to) {
  for (int v = 0; v < kVectors; ++v)
    for (std::int64_t channel = 0; channel < width; channel += kLanes) {
      const std::int64_t channels = width - channel < kLanes ? width - channel : kLanes;
      Lanes square[kLanes];
#pragma GCC unroll 16
      for (std::int64_t lane = 0; lane < kLanes; ++lane) {
        const std::int64_t row = v * kLanes + lane;
        square[lane] = row < rows ? load_first(from + row * stride + channel, channels) : Lanes{};
      }
      transpose(square);
      for (std::int64_t i = 0; i < channels; ++i)
        store(to + (channel + i) * kVectors * kLanes + v * kLanes, square[i]);
    }
}

/// to[lane, channel] = from[channel, lane] · scale[lane] for the first `rows` lanes.
template <int kVectors, class T>
void write_transposed(const float* from, const Lanes (&scale)[kVectors], std::int64_t rows,
                      std::int64_t width, T* to, std::int64_t stride) {
  for (int v = 0; v < kVectors; ++v)
    for (std::int64_t channel = 0; channel < width; channel += kLanes) {
      const std::int64_t channels = width - channel < kLanes ? width - channel : kLanes;
      Lanes square[kLanes] = {};
      for (std::int64_t i = 0; i < channels; ++i)
        square[i] = load(from + (channel + i) * kVectors * kLanes + v * kLanes) * scale[v];
      transpose(square);
      for (std::int64_t lane = 0; lane < kLanes; ++lane) {
        const std::int64_t row = v * kLanes + lane;
        if (row >= rows) break;
        store_first(to + row * stride + channel, square[lane], channels);
      }
    }
}

/// to[row, padded] = from[row, width], then zeros.
template <class T>
void read_rows(const T* from, std::int64_t stride, std::int64_t rows, std::int64_t width,
               std::int64_t padded, float* to) {
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t channel = 0; channel < padded; channel += kLanes)
      store(to + row * padded + channel,
            load_first(from + row * stride + channel,
                       width - channel < kLanes ? width - channel : kLanes));
}

template <class T>
void write_rows(const float* from, float scale, std::int64_t rows, std::int64_t width,
                std::int64_t padded, T* to, std::int64_t stride) {
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t channel = 0; channel < padded; channel += kLanes)
      store_first(to + row * stride + channel, load(from + row * padded + channel) * scale,
                  width - channel < kLanes ? width - channel : kLanes);
}

/// The rows of a head's keys or values, copied as floats without gaps: the rows of a product then
/// take few cache lines, and do not compete for the same sets of the cache.
struct Rows {
  const float* base;
  std::int64_t stride;
};

template <class T>
Rows copy_rows(Strided<const T> rows, std::int64_t tokens, std::int64_t width, float* room) {
  const std::int64_t padded = round_up(width, kLanes);
  read_rows(rows.base, rows.stride, tokens, width, padded, room);
  return {room, padded};
}

/// A block of queries, one per lane.
template <int kVectors>
struct Queries {
  static constexpr std::int64_t kCount = kVectors * kLanes;

  Queries(const AttentionHead& head, std::int64_t first_query)
      : first(first_query),
        count(head.tokens - first < kCount ? head.tokens - first : kCount),
        visible(head.causal && first + count < head.tokens ? first + count : head.tokens),
        seen_by_all(head.causal ? first + kLanes : head.tokens) {
    for (int v = 0; v < kVectors; ++v) {
      position[v] = counting() + static_cast<float>(first + v * kLanes);
      BitLanes queries{};
      for (std::int64_t lane = 0; lane < kLanes; ++lane)
        queries[lane] = static_cast<std::uint32_t>(first + v * kLanes + lane);
      number[v] = query_number<BitLanes>(head.dropout, queries);
    }
  }

  /// The first of the vectors in which some query attends to this key.
  int first_vector(std::int64_t key) const { return key < seen_by_all ? 0 : kVectors - 1; }

  std::int64_t first;
  std::int64_t count;
  std::int64_t visible;      ///< queries attend to keys before this
  std::int64_t seen_by_all;  ///< queries of every vector attend to keys before this
  Lanes position[kVectors];
  BitLanes number[kVectors];
};

/// The keys from `first` to `end` to which queries of every vector of a block attend.
template <int kVectors>
std::int64_t full_keys(const Queries<kVectors>& queries, std::int64_t first, std::int64_t end) {
  if (kVectors == 1 || end <= queries.seen_by_all) return end - first;
  return queries.seen_by_all > first ? queries.seen_by_all - first : 0;
}

/// products[key, query] of keys first … end (rows) and the queries (transposed).
template <int kVectors>
void key_products(const Queries<kVectors>& queries, const Rows& rows, std::int64_t first,
                  std::int64_t end, std::int64_t width, const float* transposed, float* products) {
  constexpr std::int64_t kStride = Queries<kVectors>::kCount;
  const std::int64_t full = full_keys(queries, first, end);
  const float* const from = rows.base + first * rows.stride;
  product<kVectors, false>(full, width, {from, rows.stride, 1}, transposed, kStride, products,
                           kStride, false);
  if (kVectors > 1 && first + full < end)
    product<1, false>(end - first - full, width, {from + full * rows.stride, rows.stride, 1},
                      transposed + kLanes, kStride, products + full * kStride + kLanes, kStride,
                      false);
}

/// mixed[channel, query] += rows[key, channel] · weights[key, query] over the keys first … end.
template <int kVectors>
void mix(const Queries<kVectors>& queries, const Rows& rows, std::int64_t first, std::int64_t end,
         std::int64_t width, const float* weights, float* mixed) {
  constexpr std::int64_t kStride = Queries<kVectors>::kCount;
  const std::int64_t full = full_keys(queries, first, end);
  const float* const from = rows.base + first * rows.stride;
  product<kVectors, true>(width, full, {from, 1, rows.stride}, weights, kStride, mixed, kStride,
                          true);
  if (kVectors > 1 && first + full < end)
    product<1, true>(width, end - first - full, {from + full * rows.stride, 1, rows.stride},
                     weights + full * kStride + kLanes, kStride, mixed + kLanes, kStride, true);
}

/// The score of a key to the base 2, from its product with the queries.
[[gnu::always_inline]] inline Lanes score(const AttentionHead& head, Lanes position,
                                          std::int64_t key, bool may_lie_ahead, Lanes product) {
  const auto key_position = static_cast<float>(key);
  Lanes result = product * head.scale;
  if (head.slope != 0) {
    const Lanes ahead = position - key_position;
    result -= head.slope * (ahead > 0.0f ? ahead : -ahead);
  }
  if (may_lie_ahead) result = position < key_position ? broadcast(-__builtin_inff()) : result;
  return result;
}

/// All bits of a lane are set if dropout keeps the weight of the key.
[[gnu::always_inline]] inline auto kept(const AttentionHead& head, BitLanes numbers,
                                        std::int64_t key) {
  return deciding_bits<BitLanes>(pair_hash<BitLanes>(numbers, pair_of(key)), key) >=
         BitLanes{} + head.dropout.threshold;
}

/// The working memory for a block of queries.
struct ForwardRoom {
  float* query;   ///< [channel, query]
  float* scores;  ///< [key, query], then the weights
  float* mixed;   ///< [channel, query]
};

template <int kVectors, class T>
void forward_block(const AttentionHead& head, std::int64_t first_query, Strided<const T> query,
                   const Rows& keys, const Rows& values, Strided<T> mixed, float* log_sum,
                   const ForwardRoom& room) {
  constexpr std::int64_t kStride = Queries<kVectors>::kCount;
  const Queries<kVectors> queries(head, first_query);
  read_transposed<kVectors>(query.base + first_query * query.stride, query.stride, queries.count,
                            head.width, room.query);
  Lanes most[kVectors];
  Lanes sum[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    most[v] = broadcast(-__builtin_inff());
    sum[v] = Lanes{};
  }
  for (std::int64_t i = 0; i < head.width * kStride; i += kLanes) store(room.mixed + i, Lanes{});

  for (std::int64_t first = 0; first < queries.visible; first += kMostKeys) {
    const std::int64_t end =
        queries.visible - first < kMostKeys ? queries.visible : first + kMostKeys;
    key_products(queries, keys, first, end, head.width, room.query, room.scores);
    Lanes now_most[kVectors];
    for (int v = 0; v < kVectors; ++v) now_most[v] = most[v];
    for (std::int64_t key = first; key < end; ++key) {
      const bool may_lie_ahead = head.causal && key > first_query;
      for (int v = queries.first_vector(key); v < kVectors; ++v) {
        float* const at = room.scores + (key - first) * kStride + v * kLanes;
        const Lanes value = score(head, queries.position[v], key, may_lie_ahead, load(at));
        now_most[v] = greater(value, now_most[v]);
        store(at, value);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      if (first > 0) {
        const Lanes shrink = exponential2_bounded<BitLanes>(most[v] - now_most[v]);
        sum[v] *= shrink;
        for (std::int64_t channel = 0; channel < head.width; ++channel) {
          float* const at = room.mixed + channel * kStride + v * kLanes;
          store(at, load(at) * shrink);
        }
      }
      most[v] = now_most[v];
    }
    for (std::int64_t key = first; key < end; ++key)
      for (int v = queries.first_vector(key); v < kVectors; ++v) {
        float* const at = room.scores + (key - first) * kStride + v * kLanes;
        Lanes weight = exponential2_bounded<BitLanes>(load(at) - most[v]);
        sum[v] += weight;
        if (head.dropout.threshold != 0)
          weight = kept(head, queries.number[v], key) ? weight : Lanes{};
        store(at, weight);
      }
    mix(queries, values, first, end, head.width, room.scores, room.mixed);
  }

  Lanes share[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    share[v] = 1.0f / (sum[v] * head.dropout.kept);
    store_first(log_sum + first_query + v * kLanes,
                (most[v] + logarithm2<BitLanes>(sum[v])) * kLog2, queries.count - v * kLanes);
  }
  write_transposed<kVectors>(room.mixed, share, queries.count, head.width,
                             mixed.base + first_query * mixed.stride, mixed.stride);
}

template <class T>
void forward(const AttentionShape& shape, const AttentionForward<T>& arrays, Scratch& scratch) {
  const std::int64_t width = shape.head_width;
  ForwardRoom room{};
  float* key_room = nullptr;
  float* value_room = nullptr;
  const auto lay_out = [&](std::byte* memory) {
    Parts parts(memory);
    room.query = parts.floats(width * kMostQueries);
    room.scores = parts.floats(kMostKeys * kMostQueries);
    room.mixed = parts.floats(width * kMostQueries);
    key_room = parts.floats(shape.tokens * round_up(width, kLanes));
    value_room = parts.floats(shape.tokens * round_up(width, kLanes));
    return static_cast<std::size_t>(parts.used());
  };
  lay_out(scratch.reserve(lay_out(nullptr)));

  std::int64_t open = -1;  // the current key/value head
  Rows keys{};
  Rows values{};
  for (std::int64_t h = 0; h < shape.heads; ++h) {
    const std::int64_t shared = shared_head(shape, h);
    if (shared != open) {
      keys = copy_rows(part(arrays.key, shared, width), shape.tokens, width, key_room);
      values = copy_rows(part(arrays.value, shared, width), shape.tokens, width, value_room);
      open = shared;
    }
    const AttentionHead head = attention_head(shape, h);
    const Strided<const T> query = part(arrays.query, h, width);
    const Strided<T> mixed = part(arrays.mixed, h, width);
    float* const log_sum = arrays.log_sum + h * shape.tokens;
    std::int64_t first = 0;
    for (; first + kLanes < shape.tokens; first += kMostQueries)
      forward_block<2>(head, first, query, keys, values, mixed, log_sum, room);
    if (first < shape.tokens)
      forward_block<1>(head, first, query, keys, values, mixed, log_sum, room);
  }
}

/// The working memory for a block of queries in the backward pass.
struct BackwardRoom {
  float* query;  ///< [channel, query], like the next
  float* mixed_gradient;
  float* query_gradient;
  float* query_rows;  ///< [query, padded channel], like the next
  float* mixed_gradient_rows;
  float* scores;        ///< [key, query], then the weights
  float* gradients;     ///< [key, query], those of the weights, then of the scores
  float* key_gradient;  ///< [token, padded channel], like the next: sums over a group of heads
  float* value_gradient;
};

template <class T>
struct BackwardHead {
  Strided<const T> query;
  Strided<const T> mixed;
  Strided<const T> mixed_gradient;
  Strided<T> query_gradient;
  const float* log_sum;
};

/// sums[key, padded] += left[key, query] · rows[query, padded], over queries from `from` to `end`.
void add_outer(std::int64_t keys, std::int64_t from, std::int64_t end, const float* left,
               std::int64_t left_stride, const float* rows, std::int64_t padded, float* sums) {
  if (keys <= 0 || from >= end) return;
  const Left weights{left + from, left_stride, 1};
  std::int64_t channel = 0;
  for (; channel + 2 * kLanes <= padded; channel += 2 * kLanes)
    product<2, false>(keys, end - from, weights, rows + from * padded + channel, padded,
                      sums + channel, padded, true);
  if (channel < padded)
    product<1, false>(keys, end - from, weights, rows + from * padded + channel, padded,
                      sums + channel, padded, true);
}

template <int kVectors, class T>
void backward_block(const AttentionHead& head, std::int64_t first_query,
                    const BackwardHead<T>& arrays, const Rows& keys, const Rows& values,
                    const BackwardRoom& room) {
  constexpr std::int64_t kStride = Queries<kVectors>::kCount;
  const std::int64_t width = head.width;
  const std::int64_t padded = round_up(width, kLanes);
  const Queries<kVectors> queries(head, first_query);
  const auto at_block = [&](const auto& rows) { return rows.base + first_query * rows.stride; };
  read_transposed<kVectors>(at_block(arrays.query), arrays.query.stride, queries.count, width,
                            room.query);
  read_transposed<kVectors>(at_block(arrays.mixed_gradient), arrays.mixed_gradient.stride,
                            queries.count, width, room.mixed_gradient);
  read_rows(at_block(arrays.query), arrays.query.stride, queries.count, width, padded,
            room.query_rows);
  read_rows(at_block(arrays.mixed_gradient), arrays.mixed_gradient.stride, queries.count, width,
            padded, room.mixed_gradient_rows);

  // Softmax subtracts from the gradient of each weight their mean under the weights, which is the
  // product of the mixed values with their gradient.
  Lanes mean[kVectors] = {};
  Lanes log_sum[kVectors];
  read_transposed<kVectors>(at_block(arrays.mixed), arrays.mixed.stride, queries.count, width,
                            room.query_gradient);
  for (std::int64_t channel = 0; channel < width; ++channel)
    for (int v = 0; v < kVectors; ++v)
      mean[v] += load(room.query_gradient + channel * kStride + v * kLanes) *
                 load(room.mixed_gradient + channel * kStride + v * kLanes);
  for (int v = 0; v < kVectors; ++v) {
    const std::int64_t left = queries.count - v * kLanes;
    const Lanes read = load_first(arrays.log_sum + first_query + v * kLanes, left);
    log_sum[v] = counting() < static_cast<float>(left) ? read * kLog2E
                                                       : broadcast(__builtin_inff());  // weight 0
  }
  for (std::int64_t i = 0; i < width * kStride; i += kLanes)
    store(room.query_gradient + i, Lanes{});

  const float per_kept = 1 / head.dropout.kept;
  for (std::int64_t first = 0; first < queries.visible; first += kMostKeys) {
    const std::int64_t end =
        queries.visible - first < kMostKeys ? queries.visible : first + kMostKeys;
    key_products(queries, keys, first, end, width, room.query, room.scores);
    key_products(queries, values, first, end, width, room.mixed_gradient, room.gradients);
    for (std::int64_t key = first; key < end; ++key) {
      const bool may_lie_ahead = head.causal && key > first_query;
      for (int v = queries.first_vector(key); v < kVectors; ++v) {
        float* const score_at = room.scores + (key - first) * kStride + v * kLanes;
        float* const gradient_at = room.gradients + (key - first) * kStride + v * kLanes;
        const Lanes weight = exponential2_bounded<BitLanes>(
            score(head, queries.position[v], key, may_lie_ahead, load(score_at)) - log_sum[v]);
        Lanes gradient = load(gradient_at);
        Lanes used = weight;
        if (head.dropout.threshold != 0) {
          const auto stays = kept(head, queries.number[v], key);
          used = stays ? weight : Lanes{};
          gradient = stays ? gradient * per_kept : Lanes{};
        }
        store(score_at, used);
        store(gradient_at, weight * (gradient - mean[v]));
      }
    }
    mix(queries, keys, first, end, width, room.gradients, room.query_gradient);
    const std::int64_t full = full_keys(queries, first, end);
    const auto add = [&](const float* left, const float* rows, float* sums) {
      add_outer(full, 0, queries.count, left, kStride, rows, padded, sums + first * padded);
      add_outer(end - first - full, kLanes, queries.count, left + full * kStride, kStride, rows,
                padded, sums + (first + full) * padded);
    };
    add(room.scores, room.mixed_gradient_rows, room.value_gradient);
    add(room.gradients, room.query_rows, room.key_gradient);
  }

  Lanes scale[kVectors];
  for (int v = 0; v < kVectors; ++v) scale[v] = broadcast(head.scale * kLog2);
  write_transposed<kVectors>(room.query_gradient, scale, queries.count, width,
                             at_block(arrays.query_gradient), arrays.query_gradient.stride);
}

template <class T>
void backward(const AttentionShape& shape, const AttentionBackward<T>& arrays, Scratch& scratch) {
  const std::int64_t width = shape.head_width;
  const std::int64_t padded = round_up(width, kLanes);
  BackwardRoom room{};
  float* key_room = nullptr;
  float* value_room = nullptr;
  const auto lay_out = [&](std::byte* memory) {
    Parts parts(memory);
    room.query = parts.floats(width * kMostQueries);
    room.mixed_gradient = parts.floats(width * kMostQueries);
    room.query_gradient = parts.floats(width * kMostQueries);
    room.query_rows = parts.floats(padded * kMostQueries);
    room.mixed_gradient_rows = parts.floats(padded * kMostQueries);
    room.scores = parts.floats(kMostKeys * kMostQueries);
    room.gradients = parts.floats(kMostKeys * kMostQueries);
    room.key_gradient = parts.floats(shape.tokens * padded);
    room.value_gradient = parts.floats(shape.tokens * padded);
    key_room = parts.floats(shape.tokens * round_up(width, kLanes));
    value_room = parts.floats(shape.tokens * round_up(width, kLanes));
    return static_cast<std::size_t>(parts.used());
  };
  lay_out(scratch.reserve(lay_out(nullptr)));

  for (std::int64_t shared = 0, h = 0; shared < shape.key_value_heads; ++shared) {
    const Rows keys = copy_rows(part(arrays.key, shared, width), shape.tokens, width, key_room);
    const Rows values =
        copy_rows(part(arrays.value, shared, width), shape.tokens, width, value_room);
    for (std::int64_t i = 0; i < shape.tokens * padded; i += kLanes) {
      store(room.key_gradient + i, Lanes{});
      store(room.value_gradient + i, Lanes{});
    }
    for (; h < shape.heads && shared_head(shape, h) == shared; ++h) {
      const AttentionHead head = attention_head(shape, h);
      const BackwardHead<T> of_head{part(arrays.query, h, width), part(arrays.mixed, h, width),
                                    part(arrays.mixed_gradient, h, width),
                                    part(arrays.query_gradient, h, width),
                                    arrays.log_sum + h * shape.tokens};
      std::int64_t first = 0;
      for (; first + kLanes < shape.tokens; first += kMostQueries)
        backward_block<2>(head, first, of_head, keys, values, room);
      if (first < shape.tokens) backward_block<1>(head, first, of_head, keys, values, room);
    }
    const float per_kept = 1 / head_dropout(shape.dropout, 0).kept;
    write_rows(room.key_gradient, shape.scale, shape.tokens, width, padded,
               arrays.key_gradient.base + shared * width, arrays.key_gradient.stride);
    write_rows(room.value_gradient, per_kept, shape.tokens, width, padded,
               arrays.value_gradient.base + shared * width, arrays.value_gradient.stride);
  }
}

#ifdef __AVX512BF16__

/// Two rows of tiles are multiplied at a time. Shorter documents fill at most half of them, so
/// that lanes are faster.
constexpr std::int64_t kTokensOfTiles = 17;

void forward_by_length(const AttentionShape& shape, const AttentionForward<Bfloat16>& arrays,
                       Scratch& scratch) {
  const auto run = shape.tokens >= kTokensOfTiles ? attention_forward : forward<Bfloat16>;
  run(shape, arrays, scratch);
}

void backward_by_length(const AttentionShape& shape, const AttentionBackward<Bfloat16>& arrays,
                        Scratch& scratch) {
  const auto run = shape.tokens >= kTokensOfTiles ? attention_backward : backward<Bfloat16>;
  run(shape, arrays, scratch);
}

#endif

}  // namespace

template <typename T>
const AttentionLoops<T>& attention_loops() {
  static constexpr AttentionLoops<T> kLoops{forward<T>, backward<T>};
  return kLoops;
}
template const AttentionLoops<float>& attention_loops<float>();
#ifdef __AVX512BF16__
template <>
const AttentionLoops<Bfloat16>& attention_loops<Bfloat16>() {
  static constexpr AttentionLoops<Bfloat16> kLoops{forward_by_length, backward_by_length};
  return kLoops;
}
#else
template const AttentionLoops<Bfloat16>& attention_loops<Bfloat16>();
#endif

}  // namespace qkv::kernels::QKV_LANES
