#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/team.h"
#include "engine/key_value_cache.h"
#include "engine/lone_runs.h"
#include "engine/reader.h"

namespace qkv::engine {

/// A reader for a Transformer: every block's
///
///   x = x + attention(norm(x)),  x = x + feed_forward(norm(x))
///
/// in plain loops. Reading allocates memory only for a longer text than before, or for taps. Blocks
/// of tokens go through the layers together, so that a weight is loaded once for all of them.
class Transformer : public Reader {
 public:
  /// The most tokens of a causal model that go through the layers together, without taps.
  static constexpr std::int64_t kBlock = 192;
  /// The most queries whose scores are in memory at once.
  static constexpr std::int64_t kQueries = 48;

  /// REQUIRES a Transformer.
  Transformer(const Model& model, int threads);

 private:
  /// The memory of one member of the team.
  struct Own {
    float* normed = nullptr;  ///< [block, width]
    float* scores = nullptr;  ///< [kQueries, context]: one head's, of some queries
  };
  /// What a pass through the layers ends with.
  enum class Result { kFinal, kNextLogits, kNothing };

  Rows read_more(std::span<const std::int32_t> ids, Taps* taps) override;
  std::span<const float> next_after(std::span<const std::int32_t> ids, Taps* taps) override;
  Rows read_layers(std::int64_t layer, Rows x, Rows first_values, Taps* taps,
                   std::int64_t kept) override;

  /// Makes room for blocks of this many tokens, at least those of a long text. Without memory for
  /// them, it leaves no room, and the next read tries again.
  void reserve(std::int64_t block);
  void embed(std::span<const std::int32_t> ids);
  /// Sends the block in x_ through the layers from `layer` on.
  void run(std::int64_t layer, Result result);

  // The stages of a pass, by all members of the team at once, each with its share.
  void pass(int member);
  void attend(std::int64_t layer, int member);
  void feed_forward(std::int64_t layer, int member);
  /// x = x + in Wᵀ + bias
  void add_to_stream(const Panels& matrix, Rows in, const TapPlace& place, int member);
  void normalise(const kernels::NormShape& norm, float* normed) const;
  /// y = x Wᵀ + bias for one member's outputs, which it returns.
  base::Share multiply(const Panels& matrix, Rows x, MutableRows y, bool add, int member) const;

  /// Shows the vectors after the last norm, and their logits.
  void tap_final();

  // Attention of one head of keys and values, with the queries of all heads that share it.
  /// Norms and rotations of queries and keys.
  void prepare(const AttentionWeights& weights, std::int64_t shared_head);
  /// Values of these heads = a·values + b·those of the first layer, with mix = {a, b}.
  void mix_values(const float* mix, base::Share heads);
  /// Keeps the values of these heads for later layers.
  void keep_values(base::Share heads);
  void store(std::int64_t layer, std::int64_t shared_head);
  void attend_head(std::int64_t layer, std::int64_t shared_head, float* scores);
  /// q · k of a chunk of queries with all keys up to `keys` → scores, or zeros if weights are
  /// uniform.
  MutableRows score(std::int64_t layer, std::int64_t head, std::int64_t first, std::int64_t count,
                    std::int64_t keys, float* scores) const;
  void mix(std::int64_t layer, std::int64_t head, std::int64_t first, Rows weights,
           std::int64_t keys);
  /// All heads, where taps want the maps.
  void attend_with_maps(std::int64_t layer, float* scores);
  void tap_scores(std::int64_t layer, base::Array& maps, float* scores);

  bool wants(const TapPlace& place) const { return taps_ != nullptr && taps_->wants(place); }
  void tap(const TapPlace& place, std::initializer_list<std::int64_t> shape, float* values) const;
  /// The columns of `rows` are heads side by side; the tap's value is [heads, tokens, head_width].
  void tap_heads(const TapPlace& place, std::int64_t heads, MutableRows rows) const;

  std::int64_t open_keys(std::int64_t query) const {
    return config_.causal() ? query + 1 : before_ + count_;
  }
  MutableRows queries() const { return {heads_.values, heads_.stride, count_}; }
  MutableRows keys() const { return {heads_.values + width_, heads_.stride, count_}; }
  MutableRows values() const {
    return {heads_.values + width_ + shared_heads_ * head_width_, heads_.stride, count_};
  }

  const spec::ModelConfig& config_;
  const kernels::Loops& loops_;
  const PackedWeights& weights_;
  std::int64_t width_;
  std::int64_t head_width_;
  std::int64_t shared_heads_;  ///< heads of keys and values
  std::int64_t group_;         ///< heads of queries for each of them
  bool uniform_;               ///< no queries, no keys
  float scale_;

  KeyValueCache cache_;
  base::Team team_;
  LoneRuns lone_runs_;
  std::function<void(int)> work_;

  kernels::Arena memory_;   ///< for blocks; made anew for a longer one
  std::int64_t block_ = 0;  ///< the most tokens of a block
  // The block's activations, one row per token.
  MutableRows x_;             ///< the residual stream
  MutableRows heads_;         ///< [query | key | value], all heads of each side by side
  MutableRows first_values_;  ///< of layer 0, with value_residual
  MutableRows mixed_;         ///< the weighted sums of the values of all heads
  MutableRows gate_;
  MutableRows hidden_;
  std::vector<Own> own_;  ///< by member
  std::vector<float> final_;
  std::vector<float> logits_;  ///< of the next token

  // Of the current run:
  Taps* taps_ = nullptr;
  std::int64_t before_ = 0;  ///< tokens read before the current block
  std::int64_t count_ = 0;   ///< of the current block
  std::int64_t first_layer_ = 0;
  Result result_ = Result::kNothing;
  float* final_at_ = nullptr;
};

}  // namespace qkv::engine
