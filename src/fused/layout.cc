#include "fused/layout.h"

#include "base/format.h"

namespace qkv::fused {
namespace {

constexpr std::int64_t kLine = 32;  // two-byte values in a cache line

}  // namespace

std::int64_t WeightLayout::add(const std::vector<Part>& parts) {
  const std::int64_t begin = size_;
  for (const Part& part : parts) {
    std::int64_t size = 1;
    for (const std::int64_t side : part.shape) size *= side;
    places_.push_back({part.name, part.shape, size_, size});
    size_ += size;
  }
  size_ = (size_ + kLine - 1) / kLine * kLine;
  return begin;
}

WeightLayout::WeightLayout(const config::ModelConfig& config, std::int64_t vocabulary) {
  const std::int64_t width = config.width;
  const std::int64_t shared = config.key_value_heads * config.head_width();
  const std::int64_t hidden = config.feed_forward.width;
  const bool norm_has_bias = config.bias && config.norm != "rms";
  const auto add_norm = [&](const std::string& name, std::int64_t& weight, std::int64_t& bias) {
    weight = add({{name + ".weight", {width}}});
    if (norm_has_bias) bias = add({{name + ".bias", {width}}});
  };

  embedding = add({{"model.embed_tokens.weight", {vocabulary, width}}});
  if (config.position == "learned")
    positions = add({{"model.embed_positions.weight", {config.context, width}}});
  for (std::int64_t number = 0; number < config.layers; ++number) {
    const std::string name = base::concat("model.layers.", number, ".");
    const std::string attention = name + "self_attn.";
    const std::string feed_forward = name + "mlp.";
    Layer layer;
    if (config.attention.weights != "none") {
      add_norm(name + "input_layernorm", layer.attention_norm, layer.attention_norm_bias);
      std::vector<Part> matrices;
      std::vector<Part> biases;
      const auto add_projection = [&](const char* which, std::int64_t out) {
        matrices.push_back({base::concat(attention, which, "_proj.weight"), {out, width}});
        biases.push_back({base::concat(attention, which, "_proj.bias"), {out}});
      };
      add_projection("q", width);
      add_projection("k", shared);
      add_projection("v", shared);
      layer.query_key_value = add(matrices);
      if (config.bias) layer.query_key_value_bias = add(biases);
      layer.output = add({{attention + "o_proj.weight", {width, width}}});
      if (config.bias) layer.output_bias = add({{attention + "o_proj.bias", {width}}});
    }
    if (config.feed_forward.activation != "none") {
      add_norm(name + "post_attention_layernorm", layer.feed_forward_norm,
               layer.feed_forward_norm_bias);
      std::vector<Part> matrices;
      std::vector<Part> biases;
      if (config.feed_forward.activation == "swiglu") {
        matrices.push_back({feed_forward + "gate_proj.weight", {hidden, width}});
        biases.push_back({feed_forward + "gate_proj.bias", {hidden}});
      }
      matrices.push_back({feed_forward + "up_proj.weight", {hidden, width}});
      biases.push_back({feed_forward + "up_proj.bias", {hidden}});
      layer.up = add(matrices);
      if (config.bias) layer.up_bias = add(biases);
      layer.down = add({{feed_forward + "down_proj.weight", {width, hidden}}});
      if (config.bias) layer.down_bias = add({{feed_forward + "down_proj.bias", {width}}});
    }
    layers_.push_back(layer);
  }
  add_norm("model.norm", norm, norm_bias);
  head = config.tied_embeddings ? embedding : add({{"lm_head.weight", {vocabulary, width}}});
}

}  // namespace qkv::fused
