#include "engine/training/prediction.h"

#include <algorithm>
#include <cstring>

namespace qkv::engine {

template <typename T>
PredictionPass<T>::PredictionPass(const spec::ModelConfig& config, const WeightLayout& layout,
                                  std::int64_t vocabulary, std::int64_t most_tokens,
                                  kernels::Arena& memory)
    : width_(config.width),
      vocabulary_(vocabulary),
      stride_((vocabulary + 31) / 32 * 32),
      head_(layout.head),
      norm_(config, layout.norm, layout.norm_bias, most_tokens, memory),
      targets_(kRows),
      rows_(memory.take<T>(kRows * width_)),
      row_gradients_(memory.take<T>(kRows * width_)),
      logits_(memory.take<float>(kRows * stride_)),
      logit_gradients_(memory.take<T>(kRows * stride_)) {
  chosen_.reserve(static_cast<std::size_t>(most_tokens));
}

template <typename T>
double PredictionPass<T>::run(Workspace<T>& workspace, const Weights<T>& weights,
                              const Reading& reading, const Residual& residual, float scale,
                              float* x_gradient, const Gradient& gradient) {
  workspace.clock->enter(Work::kNorm);
  norm_.forward(residual, reading.tokens, weights);
  workspace.clock->enter(Work::kElse);
  chosen_.clear();
  for (std::int64_t token = 0; token < reading.tokens; ++token)
    if (reading.targets[token] >= 0) chosen_.push_back(token);

  const auto count = static_cast<std::int64_t>(chosen_.size());
  const auto row_bytes = static_cast<std::size_t>(width_) * sizeof(T);
  T* normed_gradient = workspace.normed_gradient.data();
  if (count < reading.tokens) std::fill_n(normed_gradient, reading.tokens * width_, T{});
  double nats = 0;
  bool fresh = gradient.fresh;
  for (std::int64_t begin = 0; begin < count; begin += kRows) {
    // Always whole blocks, so that the products' shapes do not change: the other rows have no
    // target.
    const std::int64_t rows = std::min(kRows, count - begin);
    const std::int64_t* chosen = chosen_.data() + begin;
    for (std::int64_t row = 0; row < kRows; ++row) {
      targets_[row] = row < rows ? reading.targets[chosen[row]] : -1;
      if (row < rows) {
        std::memcpy(rows_.data() + row * width_, norm_.normed() + chosen[row] * width_, row_bytes);
      } else {
        std::fill_n(rows_.data() + row * width_, width_, T{});
      }
    }
    workspace.clock->enter(Work::kProducts);
    const kernels::Matrix<const T> in{rows_.data(), kRows, width_, width_};
    const kernels::Matrix<const T> head{weights.for_product + head_, vocabulary_, width_, width_};
    workspace.products.template multiply<T, float>(in, head.transpose(),
                                                   {logits_.data(), kRows, vocabulary_, stride_});
    workspace.clock->enter(Work::kLoss);
    nats +=
        kernels::token_loops<T>().cross_entropy(kRows, vocabulary_, stride_, logits_.data(),
                                                targets_.data(), scale, logit_gradients_.data());
    workspace.clock->enter(Work::kProducts);
    const kernels::Matrix<const T> upstream{logit_gradients_.data(), kRows, vocabulary_, stride_};
    workspace.products.template multiply<T, T>(upstream, head,
                                               {row_gradients_.data(), kRows, width_, width_});
    workspace.products.template multiply<T, float>(
        upstream.transpose(), in, {gradient.values + head_, vocabulary_, width_, width_}, !fresh);
    fresh = false;
    workspace.clock->enter(Work::kElse);
    for (std::int64_t row = 0; row < rows; ++row) {
      std::memcpy(normed_gradient + chosen[row] * width_, row_gradients_.data() + row * width_,
                  row_bytes);
    }
  }
  if (fresh) std::fill_n(gradient.values + head_, vocabulary_ * width_, 0.0F);
  workspace.clock->enter(Work::kNorm);
  norm_.backward(normed_gradient, reading.tokens, weights, /*fresh=*/true, x_gradient,
                 gradient.values);
  return nats;
}

template class PredictionPass<float>;
template class PredictionPass<kernels::Bfloat16>;

}  // namespace qkv::engine
