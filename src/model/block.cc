#include "model/block.h"

#include "base/format.h"
#include "model/libtorch.h"

namespace qkv::model {

Block::Block(const Parameters& parameters, const spec::ModelConfig& config, std::int64_t layer)
    : layer_(layer) {
  const spec::LayerWeights& weights =
      parameters.weights().layers.at(static_cast<std::size_t>(layer));
  if (config.has_attention()) {
    attention_ = {Norm(parameters, weights.attention_norm, config),
                  Attention(parameters, weights, config, layer)};
  }
  if (config.has_feed_forward()) {
    feed_forward_ = {Norm(parameters, weights.feed_forward_norm, config),
                     FeedForward(parameters, weights, config)};
  }
}

Tensor Block::operator()(Tensor x, const Tensor& positions, const Position& position,
                         const Mask& mask, const Pass& pass, Tensor& first_value) const {
  const std::string prefix = pass.taps == nullptr ? "" : base::concat("layers.", layer_, ".");
  const std::string attention = pass.taps == nullptr ? "" : prefix + "attention.";
  const std::string feed_forward = pass.taps == nullptr ? "" : prefix + "feed_forward.";

  x = pass.tap(prefix, "input", x);
  if (attention_) {
    const Tensor normed = rounded_for_products(pass.tap(attention, "norm", attention_->norm(x)));
    const Tensor output =
        attention_->attention(normed, positions, position, mask, pass, attention, first_value);
    x = x + pass.dropout(output, base::dropout_place(layer_, 1));
  }
  x = pass.tap(prefix, "middle", x);
  if (feed_forward_) {
    const Tensor normed =
        rounded_for_products(pass.tap(feed_forward, "norm", feed_forward_->norm(x)));
    const Tensor output = feed_forward_->feed_forward(normed, pass, feed_forward);
    x = x + pass.dropout(output, base::dropout_place(layer_, 2));
  }
  return pass.tap(prefix, "output", x);
}

}  // namespace qkv::model
