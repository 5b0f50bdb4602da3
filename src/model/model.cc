#include "model/model.h"

#include "base/error.h"
#include "base/format.h"
#include "model/recurrent.h"
#include "model/transformer.h"

namespace qkv::model {

Model::Model(const spec::ModelConfig& config, std::int64_t vocabulary, std::uint64_t seed,
             at::TensorOptions options)
    : config_(config),
      vocabulary_(vocabulary),
      parameters_(spec::WeightList(config, vocabulary), seed, options),
      embedding_(parameters_),
      norm_(parameters_, parameters_.weights().norm, config),
      output_(parameters_.at(parameters_.weights().head)) {}

Tensor Model::hidden(const Tokens& tokens, const Pass& pass) const {
  require_shape(tokens.ids, {-1, -1}, "token ids [batch, tokens]");
  const std::int64_t rows = tokens.ids.size(0);
  const std::int64_t count = tokens.ids.size(1);
  if (tokens.documents.defined())
    require_shape(tokens.documents, {rows, count}, "documents [batch, tokens]");
  if (tokens.positions.defined())
    require_shape(tokens.positions, {rows, count}, "positions [batch, tokens]");
  if (count > config_.context) {
    throw base::Error(base::concat("found ", count, " tokens, expected at most the context of ",
                                   config_.context));
  }
  return read(tokens, pass);
}

Tensor Model::logits(const Tensor& hidden, const Pass& pass) const {
  return pass.tap("", "logits", at::linear(hidden, output_));
}

std::unique_ptr<Model> make_model(const spec::ModelConfig& config, std::int64_t vocabulary,
                                  std::uint64_t seed, at::TensorOptions options) {
  if (config.recurrent()) return std::make_unique<Recurrent>(config, vocabulary, seed, options);
  return std::make_unique<Transformer>(config, vocabulary, seed, options);
}

}  // namespace qkv::model
