#pragma once

#include <cstdint>
#include <memory>

#include "config/config.h"
#include "model/embedding.h"
#include "model/norm.h"
#include "model/parameters.h"
#include "model/pass.h"

namespace qkv::model {

/// What a model reads.
struct Tokens {
  Tensor ids;        ///< int64 [batch, tokens]
  Tensor positions;  ///< int64 [batch, tokens]; undefined: 0, 1, 2, … (after those in the cache)
  Tensor documents;  ///< int64 [batch, tokens], tokens see only their own; undefined: one a row
};

/// A language model: ids → embedding → layers → norm → logits. What its layers are, its kinds say.
class Model {
 public:
  virtual ~Model() = default;

  /// The last norm's output, [batch, tokens, width]. Throws Error on shapes that do not fit, more
  /// tokens than the context, or an id outside the vocabulary.
  Tensor hidden(const Tokens& tokens, const Pass& pass = {}) const;

  /// Scores of every piece, before the softmax: [..., width] → [..., vocabulary].
  Tensor logits(const Tensor& hidden, const Pass& pass = {}) const;

  const config::ModelConfig& config() const { return config_; }
  std::int64_t vocabulary() const { return vocabulary_; }
  const Parameters& parameters() const { return parameters_; }
  /// The embedding table [vocabulary, width].
  const Tensor& embedding() const { return embedding_.weight; }
  at::Device device() const { return embedding_.weight.device(); }

 protected:
  /// Fresh weights, drawn from `seed`. `options` are the weights' (float32 on the CPU unless said
  /// otherwise). The config has passed check_config. On libtorch's device kMeta the weights are
  /// names and shapes that take no memory; such a model computes nothing.
  Model(const config::ModelConfig& config, std::int64_t vocabulary, std::uint64_t seed,
        at::TensorOptions options);
  Model(const Model&) = default;
  Model(Model&&) = default;
  Model& operator=(const Model&) = default;
  Model& operator=(Model&&) = default;

  /// Makes what stands behind the layers, the last norm and lm_head, once these are made: weights
  /// stand in the order of the data.
  void make_end();

  config::ModelConfig config_;
  std::int64_t vocabulary_;
  Parameters parameters_;
  Embedding embedding_;
  Norm norm_;

 private:
  /// The same as hidden(), once shapes and context are known to fit.
  virtual Tensor read(const Tokens& tokens, const Pass& pass) const = 0;

  Tensor output_;  ///< lm_head, [vocabulary, width]: the embedding itself when tied
};

/// A fresh model of the config's kind.
std::unique_ptr<Model> make_model(const config::ModelConfig& config, std::int64_t vocabulary,
                                  std::uint64_t seed, at::TensorOptions options = at::kFloat);

}  // namespace qkv::model
