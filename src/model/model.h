#pragma once

#include <cstdint>
#include <memory>

#include "model/embedding.h"
#include "model/norm.h"
#include "model/parameters.h"
#include "model/pass.h"

namespace qkv::model {

/// The input of a model.
struct Tokens {
  Tensor ids;        ///< int64 [batch, tokens]
  Tensor positions;  ///< int64 [batch, tokens]; undefined: 0, 1, 2, …
  Tensor documents;  ///< int64 [batch, tokens], tokens attend only to their own; undefined: one per
                     ///< row
};

/// A language model: ids → embedding → layers → norm → logits. The kind determines its layers.
class Model {
 public:
  virtual ~Model() = default;

  /// The last norm's output, [batch, tokens, width]. Throws Error on shapes that do not fit, more
  /// tokens than the context, or an id outside the vocabulary.
  Tensor hidden(const Tokens& tokens, const Pass& pass = {}) const;

  /// The logits of every piece: [..., width] → [..., vocabulary].
  Tensor logits(const Tensor& hidden, const Pass& pass = {}) const;

  const spec::ModelConfig& config() const { return config_; }
  std::int64_t vocabulary() const { return vocabulary_; }
  const Parameters& parameters() const { return parameters_; }
  /// The embedding table [vocabulary, width].
  const Tensor& embedding() const { return embedding_.weight; }
  at::Device device() const { return embedding_.weight.device(); }

 protected:
  /// Fresh weights, drawn from `seed`. `options` are those of the weights (float32 on the CPU by
  /// default). The config has passed check_config.
  Model(const spec::ModelConfig& config, std::int64_t vocabulary, std::uint64_t seed,
        at::TensorOptions options);
  Model(const Model&) = default;
  Model(Model&&) = default;
  Model& operator=(const Model&) = default;
  Model& operator=(Model&&) = default;

  spec::ModelConfig config_;
  std::int64_t vocabulary_;
  Parameters parameters_;
  Embedding embedding_;
  Norm norm_;

 private:
  /// The same as hidden(), after shapes and context were checked.
  virtual Tensor read(const Tokens& tokens, const Pass& pass) const = 0;

  Tensor output_;  ///< lm_head, [vocabulary, width]: the embedding itself when tied
};

/// A fresh model of the config's kind.
std::unique_ptr<Model> make_model(const spec::ModelConfig& config, std::int64_t vocabulary,
                                  std::uint64_t seed, at::TensorOptions options = at::kFloat);

}  // namespace qkv::model
