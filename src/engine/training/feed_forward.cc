#include "engine/training/feed_forward.h"

#include "engine/training/dropouts.h"

namespace qkv::engine {
template <typename T>
FeedForwardPass<T>::FeedForwardPass(const spec::ModelConfig& config,
                                    const WeightLayout::Layer& places, std::uint64_t seed,
                                    std::int64_t layer, std::int64_t most_tokens,
                                    kernels::Arena& memory)
    : seed_(seed),
      layer_(layer),
      width_(config.width),
      dropout_(config.dropout),
      activation_(config.feed_forward.activation),
      hidden_width_(config.feed_forward.width),
      norm_(config, places.feed_forward_norm, places.feed_forward_norm_bias, most_tokens, memory),
      up_{width_, config.feed_forward.gated() ? 2 * hidden_width_ : hidden_width_, places.up,
          places.up_bias},
      down_{hidden_width_, width_, places.down, places.down_bias},
      slopes_(memory.take<T>(most_tokens * up_.out)),
      hidden_(memory.take<T>(most_tokens * hidden_width_)) {}

template <typename T>
kernels::Dropped FeedForwardPass<T>::dropped(const Reading& reading) const {
  return dropped_at(dropout_, seed_, reading, base::dropout_place(layer_, 2), width_);
}

template <typename T>
Residual FeedForwardPass<T>::forward(Workspace<T>& workspace, const Weights<T>& weights,
                                     const Reading& reading, const Residual& residual) {
  workspace.clock->enter(Work::kNorm);
  norm_.forward(residual, reading.tokens, weights);
  up_.forward(workspace, weights, reading.tokens, norm_.normed(), slopes_.data());
  workspace.clock->enter(Work::kActivation);
  kernels::activation_loops<T>().forward(activation_, reading.tokens, hidden_width_, slopes_.data(),
                                         hidden_.data());
  down_.forward(workspace, weights, reading.tokens, hidden_.data(), workspace.output.data());
  return {norm_.x(), workspace.output.data(), dropped(reading)};
}

template <typename T>
void FeedForwardPass<T>::backward(Workspace<T>& workspace, const Weights<T>& weights,
                                  const Reading& reading, float* x_gradient,
                                  const Gradient& gradient) {
  const std::int64_t tokens = reading.tokens;
  T* branch = workspace.branch.data();
  workspace.clock->enter(Work::kNorm);
  kernels::norm_loops<T>().branch(tokens * width_, x_gradient, dropped(reading), branch);
  T* hidden_gradient = workspace.wide.data();
  down_.backward(workspace, weights, tokens, hidden_.data(), branch, hidden_gradient, gradient);
  T* before_gradient = workspace.wide_too.data();
  workspace.clock->enter(Work::kActivation);
  kernels::activation_loops<T>().backward(activation_, tokens, hidden_width_, slopes_.data(),
                                          hidden_gradient, before_gradient);
  T* normed_gradient = workspace.normed_gradient.data();
  up_.backward(workspace, weights, tokens, norm_.normed(), before_gradient, normed_gradient,
               gradient);
  workspace.clock->enter(Work::kNorm);
  norm_.backward(normed_gradient, tokens, weights, /*fresh=*/false, x_gradient, gradient.values);
}

template class FeedForwardPass<float>;
template class FeedForwardPass<kernels::Bfloat16>;

}  // namespace qkv::engine
