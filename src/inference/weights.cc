#include "inference/weights.h"

#include "spec/weights.h"

namespace qkv::inference {
namespace {

/// The weights of a list, by its indices.
class Values {
 public:
  Values(const spec::WeightList& list, const FindWeight& find) : list_(list), find_(find) {}

  const float* at(spec::WeightIndex index) const {
    return index == spec::kAbsent ? nullptr
                                  : find_(list_.all[static_cast<std::size_t>(index)].name);
  }
  NormWeights norm(const spec::ModelConfig& config, const spec::Affine& norm) const {
    return {.rms = config.norm == spec::Norm::kRms,
            .epsilon = static_cast<float>(config.norm_epsilon),
            .weight = at(norm.weight),
            .bias = at(norm.bias)};
  }
  LinearWeights linear(const spec::Affine& linear) const {
    const auto& shape = list_.all[static_cast<std::size_t>(linear.weight)].shape;
    return {.weight = at(linear.weight), .outputs = shape[0], .bias = at(linear.bias)};
  }

 private:
  const spec::WeightList& list_;
  const FindWeight& find_;
};

}  // namespace

TransformerWeights prepare_weights(const spec::ModelConfig& config, std::int64_t vocabulary,
                                   const FindWeight& find, std::int64_t lanes,
                                   FloatMemory& memory) {
  const spec::WeightList list(config, vocabulary);
  const Values values(list, find);
  // One matrix from those that the model has, so that their products are computed together.
  const auto packed = [&](const std::vector<spec::Affine>& linears, std::int64_t inputs) {
    std::vector<LinearWeights> found;
    for (const spec::Affine& linear : linears) {
      if (linear.weight != spec::kAbsent) found.push_back(values.linear(linear));
    }
    return found.empty() ? std::nullopt : std::optional(pack(found, inputs, lanes, memory));
  };

  TransformerWeights weights;
  weights.embedding = values.at(list.embedding);
  weights.positions = values.at(list.positions);
  for (const spec::LayerWeights& layer : list.layers) {
    LayerWeights& made = weights.layers.emplace_back();
    if (config.has_attention()) {
      made.attention = {.norm = values.norm(config, layer.attention_norm),
                        .input = packed({layer.query, layer.key, layer.value}, config.width),
                        .output = *packed({layer.output}, config.width)};
    }
    if (config.has_feed_forward()) {
      made.feed_forward = {.norm = values.norm(config, layer.feed_forward_norm),
                           .gate = packed({layer.gate}, config.width),
                           .up = *packed({layer.up}, config.width),
                           .down = *packed({layer.down}, config.feed_forward.width)};
    }
  }
  weights.norm = values.norm(config, list.norm);
  weights.output = *packed({{.weight = list.head}}, config.width);
  return weights;
}

}  // namespace qkv::inference
