#include "engine/training/sublayer.h"

#include "engine/training/dropouts.h"

namespace qkv::engine {

template <typename T>
SublayerPass<T>::SublayerPass(const spec::ModelConfig& config, std::int64_t norm,
                              std::int64_t norm_bias, const LinearPass<T>& input,
                              const LinearPass<T>& output, std::uint64_t seed,
                              std::uint64_t dropout_place, std::int64_t most_tokens,
                              kernels::Arena& memory)
    : seed_(seed),
      dropout_place_(dropout_place),
      dropout_(config.dropout),
      norm_(config, norm, norm_bias, most_tokens, memory),
      input_(input),
      output_(output) {}

template <typename T>
kernels::Dropped SublayerPass<T>::dropped(const Reading& reading) const {
  return dropped_at(dropout_, seed_, reading, dropout_place_, output_.out);
}

template <typename T>
void SublayerPass<T>::forward_input(Workspace<T>& workspace, const Weights<T>& weights,
                                    const Reading& reading, const Residual& residual, T* y) {
  workspace.clock->enter(Work::kNorm);
  norm_.forward(residual, reading.tokens, weights);
  input_.forward(workspace, weights, reading.tokens, norm_.normed(), y);
}

template <typename T>
Residual SublayerPass<T>::forward_output(Workspace<T>& workspace, const Weights<T>& weights,
                                         const Reading& reading, const T* y) const {
  output_.forward(workspace, weights, reading.tokens, y, workspace.output.data());
  return {norm_.x(), workspace.output.data(), dropped(reading)};
}

template <typename T>
void SublayerPass<T>::backward_output(Workspace<T>& workspace, const Weights<T>& weights,
                                      const Reading& reading, const float* sum_gradient, const T* y,
                                      T* y_gradient, const Gradient& gradient) const {
  T* branch = workspace.branch.data();
  workspace.clock->enter(Work::kNorm);
  kernels::norm_loops<T>().branch(reading.tokens * output_.out, sum_gradient, dropped(reading),
                                  branch);
  output_.backward(workspace, weights, reading.tokens, y, branch, y_gradient, gradient);
}

template <typename T>
void SublayerPass<T>::backward_input(Workspace<T>& workspace, const Weights<T>& weights,
                                     const Reading& reading, const T* y_gradient, float* x_gradient,
                                     const Gradient& gradient) const {
  T* normed_gradient = workspace.normed_gradient.data();
  input_.backward(workspace, weights, reading.tokens, norm_.normed(), y_gradient, normed_gradient,
                  gradient);
  workspace.clock->enter(Work::kNorm);
  norm_.backward(normed_gradient, reading.tokens, weights, /*fresh=*/false, x_gradient,
                 gradient.values);
}

template class SublayerPass<float>;
template class SublayerPass<kernels::Bfloat16>;

}  // namespace qkv::engine
