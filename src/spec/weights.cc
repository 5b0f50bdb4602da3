#include "spec/weights.h"

#include <cmath>
#include <utility>

namespace qkv::spec {
namespace {

Initial normal(double deviation) { return {Initial::Kind::kNormal, deviation}; }
Initial constant(double value) { return {Initial::Kind::kConstant, value}; }

/// The initial standard deviation of weights that write into the residual stream, to which 2·layers
/// sub-layers add (Radford et al. 2019).
double residual_deviation(const ModelConfig& model) {
  return model.initial_deviation / std::sqrt(2.0 * static_cast<double>(model.layers));
}

double count(const WeightList& list) {
  double count = 0;
  for (const Weight& weight : list.all) {
    double size = 1;
    for (const std::int64_t side : weight.shape) size *= static_cast<double>(side);
    count += size;
  }
  return count;
}

}  // namespace

WeightList::WeightList(const ModelConfig& model, std::int64_t vocabulary) {
  const Initial drawn = normal(model.initial_deviation);
  embedding = add("model.embed_tokens.weight", {vocabulary, model.width}, drawn, Role::kTable);
  if (model.learns_positions()) {
    positions =
        add("model.embed_positions.weight", {model.context, model.width}, drawn, Role::kTable);
  }
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    if (!model.recurrent()) {
      layers.push_back(add_layer(layer, model));
      continue;
    }
    const std::string number = std::to_string(layer);
    states.push_back(add_states("_l" + number, model));
    if (!model.causal()) states_from_end.push_back(add_states("_l" + number + "_reverse", model));
  }
  norm = add_norm("model.norm", model);
  head = model.tied_embeddings
             ? embedding
             : add("lm_head.weight", {vocabulary, model.width}, drawn, Role::kTable);
}

LayerWeights WeightList::add_layer(std::int64_t number, const ModelConfig& model) {
  const std::string name = "model.layers." + std::to_string(number) + ".";
  LayerWeights layer;
  const auto linear = [&](const std::string& part, std::int64_t in, std::int64_t out,
                          double deviation) {
    return add_linear(name + part, in, out, deviation, model.bias);
  };
  if (model.has_attention()) {
    const std::int64_t shared = model.key_value_heads * model.head_width();
    layer.attention_norm = add_norm(name + "input_layernorm", model);
    if (model.attention.projection == Projection::kLearned) {
      if (model.has_scores()) {
        layer.query = linear("self_attn.q_proj", model.width, model.width, model.initial_deviation);
        layer.key = linear("self_attn.k_proj", model.width, shared, model.initial_deviation);
      }
      layer.value = linear("self_attn.v_proj", model.width, shared, model.initial_deviation);
    }
    if (model.has_scores() && model.attention.query_key_norm) {
      layer.query_norm = add_scale(name + "self_attn.q_norm", model.head_width());
      layer.key_norm = add_scale(name + "self_attn.k_norm", model.head_width());
    }
    if (model.attention.value_residual && number > 0)
      layer.value_mix = add(name + "self_attn.value_mix", {2}, constant(0.5), Role::kVector);
    layer.output = linear("self_attn.o_proj", model.width, model.width, residual_deviation(model));
  }
  if (model.has_feed_forward()) {
    const std::int64_t hidden = model.feed_forward.width;
    layer.feed_forward_norm = add_norm(name + "post_attention_layernorm", model);
    if (model.feed_forward.gated())
      layer.gate = linear("mlp.gate_proj", model.width, hidden, model.initial_deviation);
    layer.up = linear("mlp.up_proj", model.width, hidden, model.initial_deviation);
    layer.down = linear("mlp.down_proj", hidden, model.width, residual_deviation(model));
  }
  return layer;
}

RecurrentWeights WeightList::add_states(const std::string& end, const ModelConfig& model) {
  // Each of two directions has half the width.
  const std::int64_t hidden = model.causal() ? model.width : model.width / 2;
  const std::int64_t gates = gate_count(model.kind) * hidden;
  const Initial drawn = {Initial::Kind::kUniform, 1 / std::sqrt(static_cast<double>(hidden))};
  const auto make = [&](const char* name, std::vector<std::int64_t> shape) {
    const Role role = shape.size() > 1 ? Role::kMatrix : Role::kVector;
    return add("model.recurrent." + (name + end), std::move(shape), drawn, role);
  };
  RecurrentWeights weights;
  weights.input.weight = make("weight_ih", {gates, model.width});
  weights.state.weight = make("weight_hh", {gates, hidden});
  weights.input.bias = make("bias_ih", {gates});
  weights.state.bias = make("bias_hh", {gates});
  return weights;
}

Affine WeightList::add_norm(const std::string& name, const ModelConfig& model) {
  Affine norm = add_scale(name, model.width);
  if (model.norm_bias()) norm.bias = add(name + ".bias", {model.width}, constant(0), Role::kVector);
  return norm;
}

Affine WeightList::add_scale(const std::string& name, std::int64_t width) {
  return {.weight = add(name + ".weight", {width}, constant(1), Role::kVector)};
}

Affine WeightList::add_linear(const std::string& name, std::int64_t in, std::int64_t out,
                              double deviation, bool bias) {
  Affine linear;
  linear.weight = add(name + ".weight", {out, in}, normal(deviation), Role::kMatrix);
  if (bias) linear.bias = add(name + ".bias", {out}, constant(0), Role::kVector);
  return linear;
}

WeightIndex WeightList::add(const std::string& name, std::vector<std::int64_t> shape,
                            Initial initial, Role role) {
  all.push_back({name, std::move(shape), initial, role});
  return static_cast<WeightIndex>(all.size()) - 1;
}

double count_parameters(const ModelConfig& model, std::int64_t vocabulary) {
  // All layers after the first have the same shapes, and a config may ask for more layers than a
  // list can hold.
  const auto with_layers = [&](std::int64_t layers) {
    ModelConfig shallow = model;
    shallow.layers = layers;
    return count(WeightList(shallow, vocabulary));
  };
  if (model.layers <= 1) return with_layers(model.layers);
  const double one = with_layers(1);
  return one + static_cast<double>(model.layers - 1) * (with_layers(2) - one);
}

std::int64_t gate_count(Architecture kind) {
  switch (kind) {
    case Architecture::kLstm:
      return 4;
    case Architecture::kGru:
      return 3;
    case Architecture::kTransformer:
      break;
  }
  return 0;
}

}  // namespace qkv::spec
