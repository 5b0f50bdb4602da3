#include "model/transformer.h"

#include "base/error.h"
#include "base/format.h"

namespace qkv {

Transformer::Transformer(const ModelConfig& config, std::int64_t vocabulary, std::uint64_t seed,
                         at::TensorOptions options)
    : config_(config),
      vocabulary_(vocabulary),
      parameters_(seed, options),
      embedding_(parameters_, config, vocabulary),
      position_(parameters_, config) {
  for (std::int64_t layer = 0; layer < config.layers; ++layer)
    blocks_.emplace_back(parameters_, config, layer);
  norm_ = Norm(parameters_, "model.norm", config);
  output_ = config.tied_embeddings
                ? embedding_.weight
                : parameters_.normal("lm_head.weight", {vocabulary, config.width},
                                     config.initial_deviation);
}

Tensor Transformer::hidden(const Tokens& tokens, const Pass& pass) const {
  require_shape(tokens.ids, {-1, -1}, "token ids [batch, tokens]");
  const std::int64_t read = pass.cache == nullptr ? 0 : pass.cache->tokens;
  const std::int64_t rows = tokens.ids.size(0);
  const std::int64_t count = tokens.ids.size(1);
  if (read + count > config_.context) {
    throw Error(concat("found ", read + count, " tokens, expected at most the context of ",
                       config_.context));
  }

  if (tokens.documents.defined())
    require_shape(tokens.documents, {rows, count}, "documents [batch, tokens]");
  if (tokens.positions.defined())
    require_shape(tokens.positions, {rows, count}, "positions [batch, tokens]");
  Tensor positions = tokens.positions;
  if (!positions.defined())
    positions = torch::arange(read, read + count, tokens.ids.options()).unsqueeze(0);

  Tensor x = pass.tap("", "embedding", embedding_(tokens.ids));
  if (const Tensor added = position_.added(positions); added.defined()) {
    x = x + pass.tap("", "position", added);
  }
  x = pass.dropout(x, 0);

  const Mask mask = make_mask(config_.causal(), count, read + count, tokens.documents, x.device());
  for (const Block& block : blocks_) x = block(x, positions, position_, mask, pass);
  if (pass.cache != nullptr) pass.cache->tokens = read + count;

  return pass.tap("", "final", norm_(x));
}

Tensor Transformer::logits(const Tensor& hidden, const Pass& pass) const {
  return pass.tap("", "logits", at::linear(hidden, output_));
}

}  // namespace qkv
