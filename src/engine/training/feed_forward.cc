#include "engine/training/feed_forward.h"

#include "base/random.h"

namespace qkv::engine {
template <typename T>
FeedForwardPass<T>::FeedForwardPass(const spec::ModelConfig& config,
                                    const WeightLayout::Layer& places, std::uint64_t seed,
                                    std::int64_t layer, std::int64_t most_tokens,
                                    kernels::Arena& memory)
    : activation_(config.feed_forward.activation),
      hidden_width_(config.feed_forward.width),
      up_width_(config.feed_forward.gated() ? 2 * hidden_width_ : hidden_width_),
      sublayer_(config, places.feed_forward_norm, places.feed_forward_norm_bias,
                {config.width, up_width_, places.up, places.up_bias},
                {hidden_width_, config.width, places.down, places.down_bias}, seed,
                base::dropout_place(layer, 2), most_tokens, memory),
      slopes_(memory.take<T>(most_tokens * up_width_)),
      hidden_(memory.take<T>(most_tokens * hidden_width_)) {}

template <typename T>
Residual FeedForwardPass<T>::forward(Workspace<T>& workspace, const Weights<T>& weights,
                                     const Reading& reading, const Residual& residual) {
  sublayer_.forward_input(workspace, weights, reading, residual, slopes_.data());
  workspace.clock->enter(Work::kActivation);
  kernels::activation_loops<T>().forward(activation_, reading.tokens, hidden_width_, slopes_.data(),
                                         hidden_.data());
  return sublayer_.forward_output(workspace, weights, reading, hidden_.data());
}

template <typename T>
void FeedForwardPass<T>::backward(Workspace<T>& workspace, const Weights<T>& weights,
                                  const Reading& reading, float* x_gradient,
                                  const Gradient& gradient) {
  T* hidden_gradient = workspace.wide.data();
  sublayer_.backward_output(workspace, weights, reading, x_gradient, hidden_.data(),
                            hidden_gradient, gradient);
  T* before_gradient = workspace.wide_too.data();
  workspace.clock->enter(Work::kActivation);
  kernels::activation_loops<T>().backward(activation_, reading.tokens, hidden_width_,
                                          slopes_.data(), hidden_gradient, before_gradient);
  sublayer_.backward_input(workspace, weights, reading, before_gradient, x_gradient, gradient);
}

template class FeedForwardPass<float>;
template class FeedForwardPass<kernels::Bfloat16>;

}  // namespace qkv::engine
