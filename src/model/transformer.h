#pragma once

#include <vector>

#include "config/config.h"
#include "model/block.h"
#include "model/embedding.h"
#include "model/norm.h"
#include "model/parameters.h"
#include "model/pass.h"
#include "model/position.h"

namespace qkv {

/// What a model reads.
struct Tokens {
  Tensor ids;        ///< int64 [batch, tokens]
  Tensor positions;  ///< int64 [batch, tokens]; undefined: 0, 1, 2, … (after those in the cache)
  Tensor documents;  ///< int64 [batch, tokens], tokens see only their own; undefined: one a row
};

/// The Transformer (Vaswani et al. 2017) as a language model, pre-norm (Radford et al. 2019):
///
///   ids → embedding (+ position) → blocks → norm → logits
class Transformer {
 public:
  /// Fresh weights, N(0, initial_deviation²), drawn from `seed`. `options` are the weights'
  /// (float32 on the CPU unless said otherwise). The config has passed check_config. On libtorch's
  /// device kMeta the weights are names and shapes that take no memory; such a model computes
  /// nothing.
  Transformer(const ModelConfig& config, std::int64_t vocabulary, std::uint64_t seed,
              at::TensorOptions options = at::kFloat);

  /// The last norm's output, [batch, tokens, width]. Throws Error on shapes that do not fit, more
  /// tokens than the context, or an id outside the vocabulary.
  Tensor hidden(const Tokens& tokens, const Pass& pass = {}) const;

  /// Scores of every piece, before the softmax: [..., width] → [..., vocabulary].
  Tensor logits(const Tensor& hidden, const Pass& pass = {}) const;

  const ModelConfig& config() const { return config_; }
  std::int64_t vocabulary() const { return vocabulary_; }
  const Parameters& parameters() const { return parameters_; }
  /// The embedding table [vocabulary, width].
  const Tensor& embedding() const { return embedding_.weight; }
  at::Device device() const { return embedding_.weight.device(); }

 private:
  ModelConfig config_;
  std::int64_t vocabulary_;
  Parameters parameters_;
  Embedding embedding_;
  Position position_;
  std::vector<Block> blocks_;
  Norm norm_;
  Tensor output_;  ///< lm_head, [vocabulary, width]: the embedding itself when tied
};

}  // namespace qkv
