#include "model/transformer.h"

namespace qkv::model {

Transformer::Transformer(const spec::ModelConfig& config, std::int64_t vocabulary,
                         std::uint64_t seed, at::TensorOptions options)
    : Model(config, vocabulary, seed, options), position_(parameters_, config) {
  for (std::int64_t layer = 0; layer < config.layers; ++layer)
    blocks_.emplace_back(parameters_, config, layer);
}

Tensor Transformer::read(const Tokens& tokens, const Pass& pass) const {
  const std::int64_t count = tokens.ids.size(1);
  Tensor positions = tokens.positions;
  if (!positions.defined()) positions = torch::arange(count, tokens.ids.options()).unsqueeze(0);

  Tensor x = pass.tap("", "embedding", embedding_(tokens.ids));
  if (const Tensor added = position_.added(positions); added.defined()) {
    x = x + pass.tap("", "position", added);
  }
  x = pass.dropout(x, 0);

  const Mask mask = make_mask(config_.causal(), count, tokens.documents, x.device());
  Tensor first_value;
  for (const Block& block : blocks_) x = block(x, positions, position_, mask, pass, first_value);
  return pass.tap("", "final", norm_(x));
}

}  // namespace qkv::model
