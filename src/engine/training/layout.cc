#include "engine/training/layout.h"

namespace qkv::engine {
namespace {

constexpr std::int64_t kLine = 32;  // two-byte values in a cache line

}  // namespace

std::int64_t WeightLayout::add(const spec::WeightList& list,
                               const std::vector<spec::WeightIndex>& indices) {
  const std::int64_t begin = size_;
  for (const spec::WeightIndex index : indices) {
    if (index == spec::kAbsent) continue;
    const spec::Weight& weight = list.all[static_cast<std::size_t>(index)];
    std::int64_t size = 1;
    for (const std::int64_t side : weight.shape) size *= side;
    places_.push_back({weight, size_, size});
    size_ += size;
  }
  if (size_ == begin) return -1;
  size_ = (size_ + kLine - 1) / kLine * kLine;
  return begin;
}

WeightLayout::WeightLayout(const spec::ModelConfig& config, std::int64_t vocabulary) {
  const spec::WeightList list(config, vocabulary);
  embedding = add(list, {list.embedding});
  positions = add(list, {list.positions});
  for (const spec::LayerWeights& weights : list.layers) {
    Layer layer;
    layer.attention_norm = add(list, {weights.attention_norm.weight});
    layer.attention_norm_bias = add(list, {weights.attention_norm.bias});
    layer.query_key_value =
        add(list, {weights.query.weight, weights.key.weight, weights.value.weight});
    layer.query_key_value_bias =
        add(list, {weights.query.bias, weights.key.bias, weights.value.bias});
    layer.query_norm = add(list, {weights.query_norm.weight});
    layer.key_norm = add(list, {weights.key_norm.weight});
    layer.value_mix = add(list, {weights.value_mix});
    layer.output = add(list, {weights.output.weight});
    layer.output_bias = add(list, {weights.output.bias});
    layer.feed_forward_norm = add(list, {weights.feed_forward_norm.weight});
    layer.feed_forward_norm_bias = add(list, {weights.feed_forward_norm.bias});
    layer.up = add(list, {weights.gate.weight, weights.up.weight});
    layer.up_bias = add(list, {weights.gate.bias, weights.up.bias});
    layer.down = add(list, {weights.down.weight});
    layer.down_bias = add(list, {weights.down.bias});
    layers_.push_back(layer);
  }
  norm = add(list, {list.norm.weight});
  norm_bias = add(list, {list.norm.bias});
  head = list.head == list.embedding ? embedding : add(list, {list.head});
}

}  // namespace qkv::engine
