#include "model/block.h"

#include "base/format.h"
#include "model/libtorch.h"

namespace qkv::model {

Block::Block(Parameters& parameters, const config::ModelConfig& config, std::int64_t layer)
    : layer_(layer) {
  const std::string name = base::concat("model.layers.", layer, ".");
  if (config.attention.weights != "none") {
    Norm norm(parameters, name + "input_layernorm", config);
    attention_ = {norm, Attention(parameters, name + "self_attn", config, layer)};
  }
  if (config.feed_forward.activation != "none") {
    Norm norm(parameters, name + "post_attention_layernorm", config);
    feed_forward_ = {norm, FeedForward(parameters, name + "mlp", config)};
  }
}

Tensor Block::operator()(Tensor x, const Tensor& positions, const Position& position,
                         const Mask& mask, const Pass& pass) const {
  const std::string prefix = pass.taps == nullptr ? "" : base::concat("layers.", layer_, ".");
  const std::string attention = pass.taps == nullptr ? "" : prefix + "attention.";
  const std::string feed_forward = pass.taps == nullptr ? "" : prefix + "feed_forward.";

  x = pass.tap(prefix, "input", x);
  if (attention_) {
    const Tensor normed = rounded_for_products(pass.tap(attention, "norm", attention_->norm(x)));
    const Tensor output = attention_->attention(normed, positions, position, mask, pass, attention);
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
