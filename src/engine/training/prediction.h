#pragma once

#include "engine/training/part.h"

namespace qkv::engine {

/// The last norm, the output layer and cross entropy, forward and backward at once, one block of
/// rows after the other, so that logits are never stored for all. Only rows with a target take
/// part.
template <typename T>
class PredictionPass {
 public:
  static constexpr std::int64_t kRows = 256;  ///< whose logits are in memory at once

  PredictionPass(const spec::ModelConfig& config, const WeightLayout& layout,
                 std::int64_t vocabulary, std::int64_t most_tokens, kernels::Arena& memory);

  /// The sum of −log p(target) over the reading. x_gradient [tokens, width] receives the gradient
  /// of scale · this sum.
  double run(Workspace<T>& workspace, const Weights<T>& weights, const Reading& reading,
             const Residual& residual, float scale, float* x_gradient, const Gradient& gradient);

 private:
  std::int64_t width_;
  std::int64_t vocabulary_;
  std::int64_t stride_;  ///< between rows of logits: a whole number of cache lines
  std::int64_t head_;
  NormPass<T> norm_;
  std::vector<std::int64_t> chosen_;  ///< rows that have a target
  std::vector<std::int32_t> targets_;
  std::span<T> rows_;             ///< [kRows, width]
  std::span<T> row_gradients_;    ///< the same
  std::span<float> logits_;       ///< [kRows, stride]
  std::span<T> logit_gradients_;  ///< the same
};

}  // namespace qkv::engine
