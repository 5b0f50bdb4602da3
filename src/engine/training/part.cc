#include "engine/training/part.h"

namespace qkv::engine {

template <typename T>
NormPass<T>::NormPass(const spec::ModelConfig& config, std::int64_t weight, std::int64_t bias,
                      std::int64_t most_tokens, kernels::Arena& memory)
    : width_(config.width),
      kind_(config.norm),
      epsilon_(static_cast<float>(config.norm_epsilon)),
      weight_(weight),
      bias_(bias),
      sum_(memory.take<float>(most_tokens * config.width)),
      scales_(memory.take<kernels::RowScale>(most_tokens)),
      normed_(memory.take<T>(most_tokens * config.width)) {}

template <typename T>
kernels::NormShape NormPass<T>::shape(std::int64_t tokens, const Weights<T>& weights) const {
  return {.rows = tokens,
          .width = width_,
          .kind = kind_,
          .epsilon = epsilon_,
          .weight = weights.exact + weight_,
          .bias = bias_ < 0 ? nullptr : weights.exact + bias_};
}

template <typename T>
void NormPass<T>::forward(const Residual& residual, std::int64_t tokens,
                          const Weights<T>& weights) {
  kernels::norm_loops<T>().forward(shape(tokens, weights), residual.x, residual.added,
                                   residual.dropped, sum_.data(), scales_.data(), normed_.data());
  x_ = residual.added == nullptr ? residual.x : sum_.data();
}

template <typename T>
void NormPass<T>::backward(const T* normed_gradient, std::int64_t tokens, const Weights<T>& weights,
                           bool fresh, float* x_gradient, float* gradient) const {
  kernels::norm_loops<T>().backward(shape(tokens, weights), x_, scales_.data(), normed_gradient,
                                    fresh, x_gradient, gradient + weight_,
                                    bias_ < 0 ? nullptr : gradient + bias_);
}

template <typename T>
HeadNormPass<T>::HeadNormPass(const spec::ModelConfig& config, std::int64_t weight,
                              std::int64_t heads, std::int64_t column, std::int64_t stride,
                              std::int64_t most_tokens, kernels::Arena& memory)
    : head_width_(config.head_width()),
      epsilon_(static_cast<float>(config.norm_epsilon)),
      weight_(weight),
      heads_(heads),
      column_(column),
      stride_(stride),
      scales_(memory.take<kernels::RowScale>(weight < 0 ? 0 : most_tokens * heads)) {}

template <typename T>
kernels::NormShape HeadNormPass<T>::shape(std::int64_t tokens, const Weights<T>& weights) const {
  return {.rows = tokens,
          .width = head_width_,
          .kind = spec::Norm::kRms,
          .epsilon = epsilon_,
          .weight = weights.exact + weight_};
}

template <typename T>
void HeadNormPass<T>::forward(std::int64_t tokens, const Weights<T>& weights, const T* x, T* y) {
  kernels::norm_loops<T>().heads(shape(tokens, weights), heads_, stride_, x + column_,
                                 scales_.data(), y + column_);
}

template <typename T>
void HeadNormPass<T>::backward(std::int64_t tokens, const Weights<T>& weights, const T* x,
                               T* y_gradient, float* gradient) const {
  kernels::norm_loops<T>().heads_backward(shape(tokens, weights), heads_, stride_, x + column_,
                                          scales_.data(), y_gradient + column_, gradient + weight_);
}

template <typename T>
template <typename Y>
void LinearPass<T>::forward(Workspace<T>& workspace, const Weights<T>& weights, std::int64_t tokens,
                            const T* x, Y* y) const {
  workspace.clock->enter(Work::kProducts);
  const kernels::Matrix<const T> matrix{weights.for_product + weight, out, in, in};
  workspace.products.template multiply<T, Y>({x, tokens, in, in}, matrix.transpose(),
                                             {y, tokens, out, out});
  workspace.clock->enter(Work::kElse);
  if (bias >= 0) {
    const kernels::TokenLoops<T>& loops = kernels::token_loops<T>();
    if constexpr (sizeof(Y) == sizeof(T)) {
      loops.add_bias(tokens, out, weights.exact + bias, y);
    } else {
      loops.add_bias_to_floats(tokens, out, weights.exact + bias, y);
    }
  }
}

template <typename T>
void LinearPass<T>::backward(Workspace<T>& workspace, const Weights<T>& weights,
                             std::int64_t tokens, const T* x, const T* y_gradient, T* x_gradient,
                             const Gradient& gradient) const {
  workspace.clock->enter(Work::kElse);
  if (bias >= 0)
    kernels::token_loops<T>().add_columns(tokens, out, y_gradient, gradient.values + bias);
  workspace.clock->enter(Work::kProducts);
  const kernels::Matrix<const T> upstream{y_gradient, tokens, out, out};
  workspace.products.template multiply<T, float>(upstream.transpose(), {x, tokens, in, in},
                                                 {gradient.values + weight, out, in, in},
                                                 !gradient.fresh);
  workspace.products.template multiply<T, T>(upstream, {weights.for_product + weight, out, in, in},
                                             {x_gradient, tokens, in, in});
  workspace.clock->enter(Work::kElse);
}

template class NormPass<float>;
template class NormPass<kernels::Bfloat16>;
template class HeadNormPass<float>;
template class HeadNormPass<kernels::Bfloat16>;
template struct LinearPass<float>;
template struct LinearPass<kernels::Bfloat16>;
template void LinearPass<float>::forward(Workspace<float>&, const Weights<float>&, std::int64_t,
                                         const float*, float*) const;
template void LinearPass<kernels::Bfloat16>::forward(Workspace<kernels::Bfloat16>&,
                                                     const Weights<kernels::Bfloat16>&,
                                                     std::int64_t, const kernels::Bfloat16*,
                                                     kernels::Bfloat16*) const;
template void LinearPass<kernels::Bfloat16>::forward(Workspace<kernels::Bfloat16>&,
                                                     const Weights<kernels::Bfloat16>&,
                                                     std::int64_t, const kernels::Bfloat16*,
                                                     float*) const;

}  // namespace qkv::engine
