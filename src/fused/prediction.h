#pragma once

#include "fused/part.h"

namespace qkv::fused {

/// The last norm, the output layer and cross entropy, forward and backward at once, one block of
/// rows after the other, so that logits are never stored for all. Only rows with a target take
/// part.
template <typename T>
class FusedPrediction {
 public:
  static constexpr std::int64_t kRows = 256;  ///< whose logits are in memory at once

  FusedPrediction(const spec::ModelConfig& config, const WeightLayout& layout,
                  std::int64_t vocabulary, std::int64_t most_tokens);

  /// The sum of −log p(target) over the reading. x_gradient [tokens, width] receives the gradient
  /// of scale · this sum.
  double run(Bench<T>& bench, const Weights<T>& weights, const Reading& reading,
             const Residual& residual, float scale, float* x_gradient, const Gradient& gradient);

 private:
  std::int64_t width_;
  std::int64_t vocabulary_;
  std::int64_t stride_;  ///< between rows of logits: a whole number of cache lines
  std::int64_t head_;
  FusedNorm<T> norm_;
  kernels::Buffer<std::int64_t> chosen_;  ///< rows that have a target
  kernels::Buffer<std::int32_t> targets_;
  kernels::Buffer<T> rows_;             ///< [kRows, width]
  kernels::Buffer<T> row_gradients_;    ///< the same
  kernels::Buffer<float> logits_;       ///< [kRows, stride]
  kernels::Buffer<T> logit_gradients_;  ///< the same
};

}  // namespace qkv::fused
