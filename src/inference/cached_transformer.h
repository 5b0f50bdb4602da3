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

/// A causal Transformer that reads a text token after token and keeps the keys and values of those
/// before: src/model/transformer.cc once more, equal to it but for rounding, in plain loops that
/// for a token neither allocate nor dispatch anything. The same numbers whatever the threads.
class CachedTransformer {
 public:
  /// Whether it can be a model of this config.
  static bool can_be(const config::ModelConfig& config) {
    return !config.recurrent() && config.causal();
  }

  /// The embeddings and norms that `find` finds must outlive it; matrices are copied. At most so
  /// many threads compute: a small model takes fewer. REQUIRES can_be(config).
  CachedTransformer(const config::ModelConfig& config, std::int64_t vocabulary,
                    const FindWeight& find, int threads, const Arithmetic& arithmetic);

  /// Reads ids behind those read before; returns the logits [vocabulary] of the token after the
  /// last, which stay until the next call. REQUIRES at least one id. Throws Error on more tokens
  /// than the context or an id outside the vocabulary, and then has read nothing.
  std::span<const float> read(std::span<const std::int32_t> ids);

  /// How many tokens were read.
  std::int64_t tokens() const { return tokens_; }
  /// Goes back to the beginning of a text.
  void forget() { tokens_ = 0; }

 private:
  /// What one member of the team keeps to itself.
  struct Own {
    float* normed;  ///< [block, width]
    float* scores;  ///< [block, context]
  };

  // A block's way through the model, by all members of the team at once, each its share.
  void pass(int member);
  void attend(std::int64_t layer, int member);
  void look_back(std::int64_t layer, std::int64_t shared_head, float* scores);
  void feed_forward(const FeedForwardWeights& weights, int member);
  void normalise(const NormWeights& norm, float* normed) const;
  /// y = x Wᵀ + bias, or y += it, for one member's outputs, which it returns.
  Share multiply(const Panels& matrix, Rows x, MutableRows y, bool add, int member) const;

  const Arithmetic& arithmetic_;
  config::ModelConfig config_;
  std::int64_t vocabulary_;
  bool identity_;              ///< query, key and value are the normed input itself
  bool even_;                  ///< attention takes from all alike: no queries, no keys
  std::int64_t shared_heads_;  ///< heads of keys and values
  Activation activation_;
  int members_;  ///< of the team, at most

  FloatMemory memory_;
  TransformerWeights weights_;
  Places places_;
  KeyValueCache cache_;

  std::int64_t tokens_ = 0;    ///< read before the block under way
  std::int64_t count_ = 0;     ///< of the block under way
  bool wants_logits_ = false;  ///< of its last token
  // The block's activations, a row a token.
  MutableRows x_;      ///< the residual stream
  MutableRows heads_;  ///< [query | key | value], all heads of each side by side
  MutableRows mixed_;  ///< what the heads took from the values
  MutableRows gate_;
  MutableRows hidden_;
  float* logits_ = nullptr;  ///< [vocabulary]
  std::vector<Own> own_;     ///< by member

  Team team_;
  std::function<void(int)> work_;
};

}  // namespace qkv::inference
