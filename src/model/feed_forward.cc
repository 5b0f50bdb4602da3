#include "model/feed_forward.h"

namespace qkv::model {
namespace {

Tensor activate(const Tensor& x, const std::string& activation) {
  if (activation == "gelu") return at::gelu(x);
  if (activation == "relu") return at::relu(x);
  if (activation == "relu2") return at::relu(x).square();
  return at::silu(x);  // silu, and the gate of swiglu
}

}  // namespace

FeedForward::FeedForward(Parameters& parameters, const std::string& name,
                         const config::ModelConfig& config)
    : activation_(config.feed_forward.activation) {
  const std::int64_t width = config.width;
  const std::int64_t hidden = config.feed_forward.width;
  if (activation_ == "swiglu") {
    gate_ = Linear(parameters, name + ".gate_proj", width, hidden, config.bias,
                   config.initial_deviation);
  }
  up_ = Linear(parameters, name + ".up_proj", width, hidden, config.bias, config.initial_deviation);
  down_ = Linear(parameters, name + ".down_proj", hidden, width, config.bias,
                 residual_deviation(config));
}

Tensor FeedForward::operator()(const Tensor& x, const Pass& pass, const std::string& prefix) const {
  const Tensor hidden = gate_.weight.defined() ? activate(gate_(x), activation_) * up_(x)
                                               : activate(up_(x), activation_);
  return pass.tap(prefix, "output", down_(pass.tap(prefix, "hidden", hidden)));
}

}  // namespace qkv::model
