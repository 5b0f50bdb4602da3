#pragma once

#include "engine/training/part.h"
#include "engine/training/sublayer.h"
#include "kernels/activation.h"

namespace qkv::engine {

/// x + dropout(feed_forward(norm(x))), as model/block.cc and model/feed_forward.cc define it.
template <typename T>
class FeedForwardPass {
 public:
  FeedForwardPass(const spec::ModelConfig& config, const WeightLayout::Layer& places,
                  std::uint64_t seed, std::int64_t layer, std::int64_t most_tokens,
                  kernels::Arena& memory);

  Residual forward(Workspace<T>& workspace, const Weights<T>& weights, const Reading& reading,
                   const Residual& residual);
  /// x_gradient [tokens, width]: on input, the gradient of the sum; on output, that of x.
  void backward(Workspace<T>& workspace, const Weights<T>& weights, const Reading& reading,
                float* x_gradient, const Gradient& gradient);

 private:
  spec::Activation activation_;
  std::int64_t hidden_width_;
  std::int64_t up_width_;     ///< gate and up for swiglu
  SublayerPass<T> sublayer_;  ///< between up and down
  std::span<T> slopes_;       ///< up's output, then the derivatives of the activation
  std::span<T> hidden_;       ///< after the activation
};

}  // namespace qkv::engine
