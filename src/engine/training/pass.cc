#include "engine/training/pass.h"

#include <algorithm>

#include "engine/training/dropouts.h"

namespace qkv::engine {
template <typename T>
TransformerPass<T>::TransformerPass(const spec::ModelConfig& config, const WeightLayout& layout,
                                    const kernels::PositionTables& tables, std::int64_t vocabulary,
                                    std::uint64_t seed, std::int64_t most_tokens,
                                    base::PhaseClock<Work>& clock)
    : layout_(layout),
      tables_(tables),
      seed_(seed),
      width_(config.width),
      dropout_(config.dropout),
      x_(memory_.take<float>(most_tokens * config.width)),
      x_gradient_(memory_.take<float>(most_tokens * config.width)),
      prediction_(config, layout, vocabulary, most_tokens, memory_) {
  const std::int64_t attention_width =
      config.width + 2 * config.key_value_heads * config.head_width();
  const std::int64_t widest = std::max(attention_width, 2 * config.feed_forward.width);
  workspace_.clock = &clock;
  workspace_.output = memory_.take<float>(most_tokens * config.width);
  workspace_.branch = memory_.take<T>(most_tokens * config.width);
  workspace_.normed_gradient = memory_.take<T>(most_tokens * config.width);
  workspace_.wide = memory_.take<T>(most_tokens * widest);
  workspace_.wide_too = memory_.take<T>(most_tokens * 2 * config.feed_forward.width);
  if (config.has_attention() && config.attention.value_residual) {
    const std::int64_t values = most_tokens * config.key_value_heads * config.head_width();
    workspace_.first_values = memory_.take<T>(values);
    workspace_.first_values_gradient = memory_.take<float>(values);
  }
  layers_.resize(static_cast<std::size_t>(config.layers));
  for (std::int64_t number = 0; number < config.layers; ++number) {
    Layer& layer = layers_[static_cast<std::size_t>(number)];
    const WeightLayout::Layer& places = layout.layers()[static_cast<std::size_t>(number)];
    if (places.output >= 0)
      layer.attention.emplace(config, places, tables, seed, number, most_tokens, memory_);
    if (places.up >= 0)
      layer.feed_forward.emplace(config, places, seed, number, most_tokens, memory_);
  }
}

template <typename T>
double TransformerPass<T>::run(const Weights<T>& weights, const Reading& reading, float scale,
                               const Gradient& gradient) {
  workspace_.clock->enter(Work::kElse);
  // Vectors and tables are always added to, matrices only if they are not empty.
  if (gradient.fresh) {
    for (const WeightLayout::Place& place : layout_.places()) {
      if (place.weight.shape.size() == 1 || place.begin == layout_.positions ||
          (place.begin == layout_.embedding && layout_.head != layout_.embedding))
        std::fill_n(gradient.values + place.begin, place.size, 0.0F);
    }
  }

  const kernels::Lookup lookup{reading.tokens, width_, reading.ids, reading.positions};
  const kernels::Dropped dropped = dropped_at(dropout_, seed_, reading, 0, width_);
  const bool learned = layout_.positions >= 0;
  const float* places = learned                     ? weights.exact + layout_.positions
                        : tables_.sinusoids.empty() ? nullptr
                                                    : tables_.sinusoids.data();
  kernels::token_loops<T>().embed(lookup, weights.exact + layout_.embedding, places, dropped,
                                  x_.data());
  Residual residual{x_.data(), nullptr, {}};
  for (Layer& layer : layers_) {
    if (layer.attention)
      residual = layer.attention->forward(workspace_, weights, reading, residual);
    if (layer.feed_forward)
      residual = layer.feed_forward->forward(workspace_, weights, reading, residual);
  }

  float* x_gradient = x_gradient_.data();
  const double nats =
      prediction_.run(workspace_, weights, reading, residual, scale, x_gradient, gradient);
  std::ranges::fill(workspace_.first_values_gradient, 0.0F);
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    if (layer->feed_forward)
      layer->feed_forward->backward(workspace_, weights, reading, x_gradient, gradient);
    if (layer->attention)
      layer->attention->backward(workspace_, weights, reading, x_gradient, gradient);
  }
  workspace_.clock->enter(Work::kElse);
  kernels::token_loops<T>().embed_backward(lookup, x_gradient, dropped,
                                           gradient.values + layout_.embedding,
                                           learned ? gradient.values + layout_.positions : nullptr);
  workspace_.clock->enter(Work::kWait);
  return nats;
}

template class TransformerPass<float>;
template class TransformerPass<kernels::Bfloat16>;

}  // namespace qkv::engine
