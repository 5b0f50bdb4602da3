#include "model/feed_forward.h"

namespace qkv::model {
namespace {

/// Of the vector that goes in, or, for swiglu, of its gate.
Tensor activate(const Tensor& x, spec::Activation activation) {
  switch (activation) {
    case spec::Activation::kGelu:
      return at::gelu(x);
    case spec::Activation::kRelu:
      return at::relu(x);
    case spec::Activation::kRelu2:
      return at::relu(x).square();
    case spec::Activation::kSilu:
    case spec::Activation::kSwiglu:
      return at::silu(x);
    case spec::Activation::kNone:
      break;
  }
  return x;
}

}  // namespace

FeedForward::FeedForward(const Parameters& parameters, const spec::LayerWeights& weights,
                         const spec::ModelConfig& config)
    : activation_(config.feed_forward.activation),
      gate_(parameters, weights.gate),
      up_(parameters, weights.up),
      down_(parameters, weights.down) {}

Tensor FeedForward::operator()(const Tensor& x, const Pass& pass, const std::string& prefix) const {
  const Tensor hidden = gate_.weight.defined() ? activate(gate_(x), activation_) * up_(x)
                                               : activate(up_(x), activation_);
  return pass.tap(prefix, "output", down_(pass.tap(prefix, "hidden", hidden)));
}

}  // namespace qkv::model
