#include "engine/training/attention.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace qkv::engine {

template <typename T>
AttentionPass<T>::AttentionPass(const spec::ModelConfig& config, const WeightLayout::Layer& places,
                                const kernels::PositionTables& tables, std::uint64_t seed,
                                std::int64_t layer, std::int64_t most_tokens,
                                kernels::Arena& memory)
    : tables_(tables),
      seed_(seed),
      layer_(layer),
      width_(config.width),
      heads_(config.heads),
      key_value_heads_(config.key_value_heads),
      head_width_(config.head_width()),
      dropout_(config.dropout),
      causal_(config.causal()),
      scale_(config.attention.scaled
                 ? static_cast<float>(1 / std::sqrt(static_cast<double>(head_width_)))
                 : 1.0F),
      key_at_(width_),
      value_at_(width_ + key_value_heads_ * head_width_),
      stride_(value_at_ + key_value_heads_ * head_width_),
      sublayer_(config, places.attention_norm, places.attention_norm_bias,
                {width_, stride_, places.query_key_value, places.query_key_value_bias},
                {width_, width_, places.output, places.output_bias}, seed,
                base::dropout_place(layer, 1), most_tokens, memory),
      query_norm_(config, places.query_norm, heads_, 0, stride_, most_tokens, memory),
      key_norm_(config, places.key_norm, key_value_heads_, key_at_, stride_, most_tokens, memory),
      has_norms_(places.query_norm >= 0),
      value_mix_(places.value_mix),
      projected_(memory.take<T>(most_tokens * stride_)),
      raw_(memory.take<T>(has_norms_ || value_mix_ >= 0 ? most_tokens * stride_ : 0)),
      mixed_(memory.take<T>(most_tokens * width_)),
      log_sums_(memory.take<float>(most_tokens * heads_)) {}

template <typename T>
kernels::AttentionShape AttentionPass<T>::shape(const Reading& reading,
                                                const Document& document) const {
  kernels::AttentionShape shape;
  shape.tokens = document.tokens;
  shape.heads = heads_;
  shape.key_value_heads = key_value_heads_;
  shape.head_width = head_width_;
  shape.scale = scale_;
  shape.causal = causal_;
  shape.slopes = tables_.slopes.empty() ? nullptr : tables_.slopes.data();
  if (dropout_ > 0) {
    shape.dropout.probability = dropout_;
    shape.dropout.key =
        base::stream_key(seed_, base::Purpose::kDropout,
                         {reading.step, base::dropout_place(layer_, 0),
                          static_cast<std::uint64_t>(reading.first_token + document.begin)});
  }
  return shape;
}

template <typename T>
template <typename Arrays>
Arrays AttentionPass<T>::arrays_of(const Document& document) {
  const T* token = projected_.data() + document.begin * stride_;
  Arrays arrays{};
  arrays.query = {token, stride_};
  arrays.key = {token + key_at_, stride_};
  arrays.value = {token + value_at_, stride_};
  arrays.mixed = {mixed_.data() + document.begin * width_, width_};
  arrays.log_sum = log_sums_.data() + document.begin * heads_;
  return arrays;
}

template <typename T>
void AttentionPass<T>::rotate(const Reading& reading, float sign, T* query_key_value) const {
  if (tables_.cosine.empty()) return;
  // Queries and keys are next to each other.
  kernels::token_loops<T>().rotate(reading.tokens, stride_, heads_ + key_value_heads_, head_width_,
                                   reading.positions, tables_.cosine.data(), tables_.sine.data(),
                                   sign, query_key_value);
}

template <typename T>
void AttentionPass<T>::prepare(Workspace<T>& workspace, const Weights<T>& weights,
                               std::int64_t tokens) {
  const kernels::TokenLoops<T>& loops = kernels::token_loops<T>();
  // Columns first … last − 1 of all tokens.
  const auto copy = [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = 0; row < tokens * stride_; row += stride_)
      std::copy(raw_.data() + row + first, raw_.data() + row + last,
                projected_.data() + row + first);
  };
  if (has_norms_) {
    query_norm_.forward(tokens, weights, raw_.data(), projected_.data());
    key_norm_.forward(tokens, weights, raw_.data(), projected_.data());
  } else if (!raw_.empty()) {
    copy(0, value_at_);
  }
  if (value_mix_ >= 0) {
    loops.mix(mix_shape(tokens), weights.exact + value_mix_, raw_.data() + value_at_,
              workspace.first_values.data(), projected_.data() + value_at_);
  } else if (!raw_.empty()) {
    copy(value_at_, stride_);
  }
  if (layer_ > 0 || workspace.first_values.empty()) return;
  T* kept = workspace.first_values.data();
  for (std::int64_t row = 0; row < tokens * stride_; row += stride_)
    kept = std::copy(projected_.data() + row + value_at_, projected_.data() + row + stride_, kept);
}

template <typename T>
void AttentionPass<T>::prepare_backward(Workspace<T>& workspace, const Weights<T>& weights,
                                        std::int64_t tokens, T* query_key_value,
                                        float* gradient) const {
  const kernels::TokenLoops<T>& loops = kernels::token_loops<T>();
  if (has_norms_) {
    query_norm_.backward(tokens, weights, raw_.data(), query_key_value, gradient);
    key_norm_.backward(tokens, weights, raw_.data(), query_key_value, gradient);
  }
  if (value_mix_ >= 0) {
    loops.mix_backward(mix_shape(tokens), weights.exact + value_mix_, raw_.data() + value_at_,
                       workspace.first_values.data(), query_key_value + value_at_,
                       workspace.first_values_gradient.data(), gradient + value_mix_);
  } else if (!workspace.first_values.empty()) {  // the first layer, whose backward pass is the last
    loops.add(tokens, stride_ - value_at_, stride_, workspace.first_values_gradient.data(),
              query_key_value + value_at_);
  }
}

template <typename T>
Residual AttentionPass<T>::forward(Workspace<T>& workspace, const Weights<T>& weights,
                                   const Reading& reading, const Residual& residual) {
  sublayer_.forward_input(workspace, weights, reading, residual, made().data());
  prepare(workspace, weights, reading.tokens);
  rotate(reading, 1, projected_.data());
  workspace.clock->enter(Work::kAttention);
  for (const Document& document : reading.documents) {
    kernels::attention_forward(shape(reading, document),
                               arrays_of<kernels::AttentionForward<T>>(document),
                               workspace.scratch);
  }
  return sublayer_.forward_output(workspace, weights, reading, mixed_.data());
}

template <typename T>
void AttentionPass<T>::backward(Workspace<T>& workspace, const Weights<T>& weights,
                                const Reading& reading, float* x_gradient,
                                const Gradient& gradient) {
  T* mixed_gradient = workspace.normed_gradient.data();
  sublayer_.backward_output(workspace, weights, reading, x_gradient, mixed_.data(), mixed_gradient,
                            gradient);

  workspace.clock->enter(Work::kAttention);
  T* projected_gradient = workspace.wide.data();
  for (const Document& document : reading.documents) {
    auto arrays = arrays_of<kernels::AttentionBackward<T>>(document);
    arrays.mixed_gradient = {mixed_gradient + document.begin * width_, width_};
    T* out = projected_gradient + document.begin * stride_;
    arrays.query_gradient = {out, stride_};
    arrays.key_gradient = {out + key_at_, stride_};
    arrays.value_gradient = {out + value_at_, stride_};
    kernels::attention_backward(shape(reading, document), arrays, workspace.scratch);
  }
  workspace.clock->enter(Work::kElse);
  rotate(reading, -1, projected_gradient);
  prepare_backward(workspace, weights, reading.tokens, projected_gradient, gradient.values);
  sublayer_.backward_input(workspace, weights, reading, projected_gradient, x_gradient, gradient);
}

template class AttentionPass<float>;
template class AttentionPass<kernels::Bfloat16>;

}  // namespace qkv::engine
