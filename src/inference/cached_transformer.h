#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "config/config.h"
#include "inference/arithmetic.h"
#include "inference/key_value_cache.h"
#include "inference/places.h"
#include "inference/team.h"
#include "inference/weights.h"

namespace qkv::inference {

/// A causal Transformer that reads a text one token after the other and keeps the keys and values
/// of earlier tokens. It computes the same as src/model/transformer.cc, except for rounding, in
/// plain loops that neither allocate nor dispatch anything per token. The numbers do not depend on
/// the threads.
class CachedTransformer {
 public:
  /// Whether it supports a model with this config.
  static bool can_be(const spec::ModelConfig& config) {
    return !config.recurrent() && config.causal();
  }

  /// The embeddings and norms that `find` returns must outlive it; matrices are copied. At most
  /// `threads` threads compute; a small model uses fewer. REQUIRES can_be(config).
  CachedTransformer(const spec::ModelConfig& config, std::int64_t vocabulary,
                    const FindWeight& find, int threads, const Arithmetic& arithmetic);

  /// Reads ids after those read before; returns the logits [vocabulary] of the token after the
  /// last, valid until the next call. REQUIRES at least one id. Throws Error on more tokens than
  /// the context or an id outside the vocabulary, and then has read nothing.
  std::span<const float> read(std::span<const std::int32_t> ids);

  /// The number of tokens read.
  std::int64_t tokens() const { return tokens_; }
  /// Returns to the beginning of a text.
  void forget() { tokens_ = 0; }

 private:
  /// The private memory of one member of the team.
  struct Own {
    float* normed;  ///< [block, width]
    float* scores;  ///< [block, context]
  };

  // The stages of a block's pass through the model, by all members of the team at once, each with
  // its share.
  void pass(int member);
  void attend(std::int64_t layer, int member);
  void look_back(std::int64_t layer, std::int64_t shared_head, float* scores);
  void feed_forward(const FeedForwardWeights& weights, int member);
  void normalise(const NormWeights& norm, float* normed) const;
  /// y = x Wᵀ + bias, or y += it, for one member's outputs, which it returns.
  Share multiply(const Panels& matrix, Rows x, MutableRows y, bool add, int member) const;

  const Arithmetic& arithmetic_;
  spec::ModelConfig config_;
  std::int64_t vocabulary_;
  bool identity_;              ///< query, key and value are the norm's output itself
  bool even_;                  ///< weights are uniform: no queries, no keys
  std::int64_t shared_heads_;  ///< heads of keys and values
  spec::Activation activation_;
  int members_;  ///< the most members of the team

  FloatMemory memory_;
  TransformerWeights weights_;
  Places places_;
  KeyValueCache cache_;

  std::int64_t tokens_ = 0;    ///< tokens read before the current block
  std::int64_t count_ = 0;     ///< of the current block
  bool wants_logits_ = false;  ///< of its last token
  // The block's activations, one row per token.
  MutableRows x_;      ///< the residual stream
  MutableRows heads_;  ///< [query | key | value], all heads of each side by side
  MutableRows mixed_;  ///< the weighted sums of the values of all heads
  MutableRows gate_;
  MutableRows hidden_;
  float* logits_ = nullptr;  ///< [vocabulary]
  std::vector<Own> own_;     ///< by member

  Team team_;
  std::function<void(int)> work_;
};

}  // namespace qkv::inference
