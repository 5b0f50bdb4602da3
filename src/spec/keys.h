#pragma once

#include <concepts>
#include <type_traits>

#include "spec/model.h"
#include "spec/training.h"

// visit_keys(section, visit) calls visit(key, value) with each member of a struct whose members are
// keys in JSON, in the schema's order. A value may be such a struct itself. Whatever reads, writes
// or counts the values of a section does so with these lists.
namespace qkv::spec {

template <typename T, typename Section>
concept Holds = std::same_as<std::remove_const_t<T>, Section>;

void visit_keys(Holds<FeedForwardConfig> auto& feed_forward, const auto& visit) {
  visit("width", feed_forward.width);
  visit("activation", feed_forward.activation);
}

void visit_keys(Holds<AttentionConfig> auto& attention, const auto& visit) {
  visit("projection", attention.projection);
  visit("weights", attention.weights);
  visit("scaled", attention.scaled);
  visit("query_key_norm", attention.query_key_norm);
  visit("value_residual", attention.value_residual);
}

void visit_keys(Holds<ModelConfig> auto& model, const auto& visit) {
  visit("kind", model.kind);
  visit("layers", model.layers);
  visit("heads", model.heads);
  visit("key_value_heads", model.key_value_heads);
  visit("width", model.width);
  visit("context", model.context);
  visit("feed_forward", model.feed_forward);
  visit("norm", model.norm);
  visit("norm_epsilon", model.norm_epsilon);
  visit("position", model.position);
  visit("rotary_base", model.rotary_base);
  visit("objective", model.objective);
  visit("dropout", model.dropout);
  visit("bias", model.bias);
  visit("tied_embeddings", model.tied_embeddings);
  visit("initial_deviation", model.initial_deviation);
  visit("attention", model.attention);
}

void visit_keys(Holds<TrainingConfig> auto& training, const auto& visit) {
  visit("steps", training.steps);
  visit("batch_size", training.batch_size);
  visit("accumulation", training.accumulation);
  visit("optimizer", training.optimizer);
  visit("learning_rate", training.learning_rate);
  visit("matrix_learning_rate", training.matrix_learning_rate);
  visit("minimum_learning_rate", training.minimum_learning_rate);
  visit("warmup_steps", training.warmup_steps);
  visit("schedule", training.schedule);
  visit("beta1", training.beta1);
  visit("beta2", training.beta2);
  visit("epsilon", training.epsilon);
  visit("weight_decay", training.weight_decay);
  visit("gradient_clip", training.gradient_clip);
  visit("validate_every", training.validate_every);
  visit("log_every", training.log_every);
  visit("patience", training.patience);
  visit("sample_every", training.sample_every);
  visit("sample_prompt", training.sample_prompt);
}

/// A struct with such a list.
template <typename T>
concept Section = requires(T& section) {
  visit_keys(section, [](const char*, auto&) {});
};

}  // namespace qkv::spec
