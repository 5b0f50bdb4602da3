#include "inference/weights.h"

#include "base/format.h"

namespace qkv::inference {
namespace {

NormWeights norm_of(const config::ModelConfig& config, const std::string& name,
                    const FindWeight& find) {
  return {.rms = config.norm == "rms",
          .epsilon = static_cast<float>(config.norm_epsilon),
          .weight = find(name + ".weight"),
          .bias = find(name + ".bias")};
}

LinearWeights linear_of(const std::string& name, std::int64_t outputs, const FindWeight& find) {
  return {.weight = find(name + ".weight"), .outputs = outputs, .bias = find(name + ".bias")};
}

}  // namespace

TransformerWeights prepare_weights(const config::ModelConfig& config, std::int64_t vocabulary,
                                   const FindWeight& find, std::int64_t lanes,
                                   FloatMemory& memory) {
  const std::int64_t width = config.width;
  const std::int64_t shared = config.key_value_heads * config.head_width();
  const std::int64_t hidden = config.feed_forward.width;

  const auto attention = [&](const std::string& name) {
    AttentionWeights weights;
    weights.norm = norm_of(config, name + "input_layernorm", find);
    std::vector<LinearWeights> input;
    if (config.attention.projection == "learned") {
      if (config.attention.weights == "softmax") {
        input.push_back(linear_of(name + "self_attn.q_proj", width, find));
        input.push_back(linear_of(name + "self_attn.k_proj", shared, find));
      }
      input.push_back(linear_of(name + "self_attn.v_proj", shared, find));
      weights.input = pack(input, width, lanes, memory);
    }
    weights.output =
        pack({linear_of(name + "self_attn.o_proj", width, find)}, width, lanes, memory);
    return weights;
  };
  const auto feed_forward = [&](const std::string& name) {
    FeedForwardWeights weights;
    weights.norm = norm_of(config, name + "post_attention_layernorm", find);
    if (config.feed_forward.activation == "swiglu")
      weights.gate = pack({linear_of(name + "mlp.gate_proj", hidden, find)}, width, lanes, memory);
    weights.up = pack({linear_of(name + "mlp.up_proj", hidden, find)}, width, lanes, memory);
    weights.down = pack({linear_of(name + "mlp.down_proj", width, find)}, hidden, lanes, memory);
    return weights;
  };

  TransformerWeights weights;
  weights.embedding = find("model.embed_tokens.weight");
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    const std::string name = base::concat("model.layers.", layer, ".");
    LayerWeights& made = weights.layers.emplace_back();
    if (config.attention.weights != "none") made.attention = attention(name);
    if (config.feed_forward.activation != "none") made.feed_forward = feed_forward(name);
  }
  weights.norm = norm_of(config, "model.norm", find);
  const LinearWeights output = {
      .weight = config.tied_embeddings ? weights.embedding : find("lm_head.weight"),
      .outputs = vocabulary,
      .bias = nullptr};
  weights.output = pack({output}, width, lanes, memory);
  return weights;
}

}  // namespace qkv::inference
