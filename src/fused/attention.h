#pragma once

#include "fused/part.h"
#include "kernels/attention_core.h"

namespace qkv {

/// What the layers' attention reads besides weights: made once.
struct AttentionTables {
  Buffer<float> cosine;  ///< rotary: [context, head_width / 2]
  Buffer<float> sine;
  Buffer<float> slopes;  ///< ALiBi: [heads]

  explicit AttentionTables(const ModelConfig& config);
};

/// x + dropout(attention(norm(x))), as model/block.cc and model/attention.cc define it
/// (learned projections, softmax).
template <typename T>
class FusedAttention {
 public:
  FusedAttention(const ModelConfig& config, const WeightLayout::Layer& places,
                 const AttentionTables& tables, std::uint64_t seed, std::int64_t layer,
                 std::int64_t most_tokens);

  Residual forward(Bench<T>& bench, const Weights<T>& weights, const Reading& reading,
                   const Residual& residual);
  /// x_gradient [tokens, width]: that of the sum comes in, that of x goes out.
  void backward(Bench<T>& bench, const Weights<T>& weights, const Reading& reading,
                float* x_gradient, const Gradient& gradient);

 private:
  AttentionShape shape(const Reading& reading, const Document& document) const;
  void rotate(const Reading& reading, float sign, T* query_key_value) const;
  Dropped dropped(const Reading& reading) const;

  const AttentionTables& tables_;
  std::uint64_t seed_;
  std::int64_t layer_;
  std::int64_t width_;
  std::int64_t heads_;
  std::int64_t key_value_heads_;
  std::int64_t head_width_;
  double dropout_;
  bool causal_;
  float scale_;
  std::int64_t key_at_;  ///< where a token's keys begin, behind its queries
  std::int64_t value_at_;
  std::int64_t stride_;  ///< between tokens in projected_
  FusedNorm<T> norm_;
  FusedLinear<T> projection_;
  FusedLinear<T> output_;
  Buffer<T> projected_;     ///< queries, keys and values side by side, rotated
  Buffer<T> mixed_;         ///< [tokens, width]
  Buffer<float> log_sums_;  ///< [heads, tokens] of each document
};

}  // namespace qkv
