#include "engine/weights.h"

#include <utility>

namespace qkv::engine {
namespace {

/// The weights of a list, by its indices.
class Values {
 public:
  Values(const spec::ModelConfig& config, spec::WeightIndex embedding,
         std::vector<base::Array>& arrays, std::int64_t lanes, kernels::Arena& memory)
      : config_(config),
        embedding_(embedding),
        arrays_(arrays),
        lanes_(lanes),
        memory_(memory),
        matrices_(arrays.size()) {}

  const float* at(spec::WeightIndex index) const {
    return index == spec::kAbsent ? nullptr : array(index).values.data();
  }
  /// Where the matrices are that have been packed, by index.
  std::vector<PackedMatrix> matrices() { return std::move(matrices_); }
  kernels::NormShape norm(const spec::Affine& norm) const {
    return {.width = config_.width,
            .kind = config_.norm,
            .epsilon = static_cast<float>(config_.norm_epsilon),
            .weight = at(norm.weight),
            .bias = at(norm.bias)};
  }
  /// The RMS norm of a head, if the model has it.
  std::optional<kernels::NormShape> head_norm(const spec::Affine& norm) const {
    if (norm.weight == spec::kAbsent) return std::nullopt;
    return kernels::NormShape{.width = config_.head_width(),
                              .kind = spec::Norm::kRms,
                              .epsilon = static_cast<float>(config_.norm_epsilon),
                              .weight = at(norm.weight)};
  }
  /// One matrix from those that the model has, so that their products are computed together. Their
  /// arrays are freed.
  std::optional<Panels> packed(const std::vector<spec::Affine>& linears) {
    std::vector<kernels::LinearWeights> found;
    std::int64_t inputs = 0;
    for (const spec::Affine& linear : linears) {
      if (linear.weight == spec::kAbsent) continue;
      const base::Array& weight = array(linear.weight);
      inputs = weight.shape[1];
      found.push_back(
          {.weight = weight.values.data(), .outputs = weight.shape[0], .bias = at(linear.bias)});
    }
    if (found.empty()) return std::nullopt;
    const Panels panels = kernels::pack(found, inputs, lanes_, memory_);
    std::int64_t first = 0;
    for (const spec::Affine& linear : linears) {
      if (linear.weight == spec::kAbsent) continue;
      base::Array& weight = arrays_[static_cast<std::size_t>(linear.weight)];
      matrices_[static_cast<std::size_t>(linear.weight)] = {.panels = panels, .first = first};
      first += weight.shape[0];
      if (linear.weight != embedding_) weight.values = std::vector<float>();
    }
    return panels;
  }
  DirectionWeights direction(const spec::RecurrentWeights& weights) {
    return {.input = *packed({weights.input}), .state = *packed({weights.state})};
  }

 private:
  const base::Array& array(spec::WeightIndex index) const {
    return arrays_[static_cast<std::size_t>(index)];
  }

  const spec::ModelConfig& config_;
  spec::WeightIndex embedding_;  ///< rows are looked up in it, even if it is also the last matrix
  std::vector<base::Array>& arrays_;
  std::int64_t lanes_;
  kernels::Arena& memory_;
  std::vector<PackedMatrix> matrices_;
};

}  // namespace

PackedWeights pack_weights(const spec::ModelConfig& config, const spec::WeightList& list,
                           std::vector<base::Array>& arrays, std::int64_t lanes,
                           kernels::Arena& memory) {
  Values values(config, list.embedding, arrays, lanes, memory);
  PackedWeights weights;
  weights.embedding = values.at(list.embedding);
  weights.positions = values.at(list.positions);
  for (const spec::LayerWeights& layer : list.layers) {
    BlockWeights& made = weights.blocks.emplace_back();
    if (config.has_attention()) {
      made.attention = {.norm = values.norm(layer.attention_norm),
                        .input = values.packed({layer.query, layer.key, layer.value}),
                        .output = *values.packed({layer.output}),
                        .query_norm = values.head_norm(layer.query_norm),
                        .key_norm = values.head_norm(layer.key_norm),
                        .value_mix = values.at(layer.value_mix)};
    }
    if (config.has_feed_forward()) {
      made.feed_forward = {.norm = values.norm(layer.feed_forward_norm),
                           .gate = values.packed({layer.gate}),
                           .up = *values.packed({layer.up}),
                           .down = *values.packed({layer.down})};
    }
  }
  for (const auto& state : list.states) weights.states.push_back(values.direction(state));
  for (const auto& state : list.states_from_end)
    weights.states_from_end.push_back(values.direction(state));
  weights.norm = values.norm(list.norm);
  weights.output = *values.packed({{.weight = list.head}});
  weights.matrices = values.matrices();
  return weights;
}

}  // namespace qkv::engine
