#pragma once

#include <concepts>
#include <type_traits>

#include "config/config.h"

// The keys of each struct, in the schema's order: the single list for both reading and writing.
namespace qkv::config {

template <typename T, typename Section>
concept Holds = std::same_as<std::remove_const_t<T>, Section>;

void visit_keys(Holds<TokenizerConfig> auto& tokenizer, const auto& visit) {
  visit("kind", tokenizer.kind);
  visit("vocabulary", tokenizer.vocabulary);
  visit("path", tokenizer.path);
  visit("sample_bytes", tokenizer.sample_bytes);
}

void visit_keys(Holds<DataConfig> auto& data, const auto& visit) {
  visit("train", data.train);
  visit("validation", data.validation);
  visit("validation_fraction", data.validation_fraction);
  visit("layout", data.layout);
}

void visit_keys(Holds<spec::FeedForwardConfig> auto& feed_forward, const auto& visit) {
  visit("width", feed_forward.width);
  visit("activation", feed_forward.activation);
}

void visit_keys(Holds<spec::AttentionConfig> auto& attention, const auto& visit) {
  visit("projection", attention.projection);
  visit("weights", attention.weights);
  visit("scaled", attention.scaled);
  visit("query_key_norm", attention.query_key_norm);
  visit("value_residual", attention.value_residual);
}

void visit_keys(Holds<spec::ModelConfig> auto& model, const auto& visit) {
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

void visit_keys(Holds<CheckpointsConfig> auto& checkpoints, const auto& visit) {
  visit("every", checkpoints.every);
  visit("keep", checkpoints.keep);
}

void visit_keys(Holds<RuntimeConfig> auto& runtime, const auto& visit) {
  visit("device", runtime.device);
  visit("precision", runtime.precision);
  visit("threads", runtime.threads);
  visit("kernels", runtime.kernels);
}

void visit_keys(Holds<Config> auto& config, const auto& visit) {
  visit("name", config.name);
  visit("seed", config.seed);
  visit("tokenizer", config.tokenizer);
  visit("data", config.data);
  visit("model", config.model);
  visit("training", config.training);
  visit("checkpoints", config.checkpoints);
  visit("runtime", config.runtime);
}

}  // namespace qkv::config
