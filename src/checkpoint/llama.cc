#include "checkpoint/llama.h"

namespace qkv::checkpoint {
namespace {

base::Json all_keys(const spec::ModelConfig& model, std::int64_t vocabulary) {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"vocab_size", vocabulary},
          {"hidden_size", model.width},
          {"intermediate_size", model.feed_forward.width},
          {"num_hidden_layers", model.layers},
          {"num_attention_heads", model.heads},
          {"num_key_value_heads", model.key_value_heads},
          {"head_dim", model.head_width()},
          {"hidden_act", "silu"},
          {"max_position_embeddings", model.context},
          {"rms_norm_eps", model.norm_epsilon},
          {"rope_theta", model.rotary_base},
          {"attention_bias", model.bias},
          {"mlp_bias", model.bias},
          {"attention_dropout", model.dropout},
          {"tie_word_embeddings", model.tied_embeddings},
          {"bos_token_id", 1},
          {"eos_token_id", 2},
          {"pad_token_id", nullptr},
          {"torch_dtype", "float32"}};
}

}  // namespace

base::Json llama_keys(const spec::ModelConfig& model, std::int64_t vocabulary) {
  const bool expressible =
      !model.recurrent() && model.causal() && model.position == spec::Position::kRotary &&
      model.norm == spec::Norm::kRms &&
      model.feed_forward.activation == spec::Activation::kSwiglu &&
      model.attention.projection == spec::Projection::kLearned &&
      model.attention.weights == spec::Weighting::kSoftmax && model.attention.scaled &&
      !model.attention.query_key_norm && !model.attention.value_residual;
  return expressible ? all_keys(model, vocabulary) : base::Json::object();
}

const std::vector<std::string>& llama_key_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    const base::Json keys = all_keys(spec::ModelConfig(), 0);
    for (const auto& [name, value] : keys.items()) out.push_back(name);
    return out;
  }();
  return names;
}

}  // namespace qkv::checkpoint
