#pragma once

#include "engine/training/part.h"

namespace qkv::engine {

/// What attention and the feed-forward layer have in common, as model/block.cc defines it:
/// x + dropout(output(f(input(norm(x))))). Each computes its f, between two linear maps.
template <typename T>
class SublayerPass {
 public:
  /// `norm`, `norm_bias`: their places in the layout. `dropout_place`: as in base/random.h.
  SublayerPass(const spec::ModelConfig& config, std::int64_t norm, std::int64_t norm_bias,
               const LinearPass<T>& input, const LinearPass<T>& output, std::uint64_t seed,
               std::uint64_t dropout_place, std::int64_t most_tokens, kernels::Arena& memory);

  /// y [tokens, input.out] = input(norm(x)).
  void forward_input(Workspace<T>& workspace, const Weights<T>& weights, const Reading& reading,
                     const Residual& residual, T* y);
  /// The residual stream with output(y), y [tokens, output.in].
  Residual forward_output(Workspace<T>& workspace, const Weights<T>& weights,
                          const Reading& reading, const T* y) const;
  /// The gradient of output's input y, from that of the sum, [tokens, width].
  void backward_output(Workspace<T>& workspace, const Weights<T>& weights, const Reading& reading,
                       const float* sum_gradient, const T* y, T* y_gradient,
                       const Gradient& gradient) const;
  /// From the gradient of input's output y, x_gradient [tokens, width]: on input, the gradient of
  /// the sum; on output, that of x.
  void backward_input(Workspace<T>& workspace, const Weights<T>& weights, const Reading& reading,
                      const T* y_gradient, float* x_gradient, const Gradient& gradient) const;

 private:
  kernels::Dropped dropped(const Reading& reading) const;

  std::uint64_t seed_;
  std::uint64_t dropout_place_;
  double dropout_;
  NormPass<T> norm_;
  LinearPass<T> input_;
  LinearPass<T> output_;
};

}  // namespace qkv::engine
