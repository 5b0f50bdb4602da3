#pragma once

#include "engine/training/part.h"
#include "engine/training/sublayer.h"
#include "kernels/attention_core.h"
#include "kernels/position_tables.h"

namespace qkv::engine {

/// x + dropout(attention(norm(x))), as model/block.cc and model/attention.cc define it
/// (learned projections, softmax).
template <typename T>
class AttentionPass {
 public:
  AttentionPass(const spec::ModelConfig& config, const WeightLayout::Layer& places,
                const kernels::PositionTables& tables, std::uint64_t seed, std::int64_t layer,
                std::int64_t most_tokens, kernels::Arena& memory);

  Residual forward(Workspace<T>& workspace, const Weights<T>& weights, const Reading& reading,
                   const Residual& residual);
  /// x_gradient [tokens, width]: on input, the gradient of the sum; on output, that of x.
  void backward(Workspace<T>& workspace, const Weights<T>& weights, const Reading& reading,
                float* x_gradient, const Gradient& gradient);

 private:
  kernels::AttentionShape shape(const Reading& reading, const Document& document) const;
  /// Fills in the arrays of a document that both passes use.
  template <typename Arrays>
  Arrays arrays_of(const Document& document);
  void rotate(const Reading& reading, float sign, T* query_key_value) const;
  /// Made queries, keys and values → projected_, before the rotation.
  void prepare(Workspace<T>& workspace, const Weights<T>& weights, std::int64_t tokens);
  /// The gradient of those in projected_ becomes that of the made ones.
  void prepare_backward(Workspace<T>& workspace, const Weights<T>& weights, std::int64_t tokens,
                        T* query_key_value, float* gradient) const;
  kernels::MixShape mix_shape(std::int64_t tokens) const {
    return {tokens, stride_ - value_at_, stride_, stride_ - value_at_};
  }
  /// Queries, keys and values as the projection made them.
  std::span<T> made() const { return raw_.empty() ? projected_ : raw_; }

  const kernels::PositionTables& tables_;
  std::uint64_t seed_;
  std::int64_t layer_;
  std::int64_t width_;
  std::int64_t heads_;
  std::int64_t key_value_heads_;
  std::int64_t head_width_;
  double dropout_;
  bool causal_;
  float scale_;
  std::int64_t key_at_;  ///< where a token's keys begin, after its queries
  std::int64_t value_at_;
  std::int64_t stride_;  ///< between tokens in projected_
  SublayerPass<T> sublayer_;
  HeadNormPass<T> query_norm_;
  HeadNormPass<T> key_norm_;
  bool has_norms_;
  std::int64_t value_mix_;
  std::span<T> projected_;     ///< queries, keys and values side by side, normed and rotated
  std::span<T> raw_;           ///< as made, if they are normed or mixed
  std::span<T> mixed_;         ///< [tokens, width]
  std::span<float> log_sums_;  ///< [heads, tokens] of each document
};

}  // namespace qkv::engine
