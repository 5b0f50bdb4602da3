#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/reader.h"

namespace qkv::tests {

/// A model small enough for plain loops and finite differences.
inline spec::ModelConfig tiny_model_config() {
  spec::ModelConfig config;
  config.layers = 2;
  config.heads = 4;
  config.key_value_heads = 4;
  config.width = 8;
  config.context = 6;
  config.feed_forward.width = 12;
  config.position = spec::Position::kNone;
  config.bias = true;
  return config;
}

/// Weights far from their initial values, so that no term of a formula is too small to matter:
/// normal numbers, times one half.
inline std::vector<base::Array> random_weights(const spec::ModelConfig& config,
                                               std::int64_t vocabulary, unsigned seed) {
  std::vector<base::Array> weights;
  for (const spec::Weight& weight : spec::WeightList(config, vocabulary).all) {
    std::mt19937 generator(++seed);
    std::normal_distribution<float> normal(0, 0.5F);
    for (float& value : weights.emplace_back(weight.shape).values) value = normal(generator);
  }
  return weights;
}

/// The same with their names.
inline base::NamedArrays named_weights(const spec::ModelConfig& config, std::int64_t vocabulary,
                                       unsigned seed) {
  const spec::WeightList list(config, vocabulary);
  std::vector<base::Array> weights = random_weights(config, vocabulary, seed);
  base::NamedArrays named;
  for (std::size_t index = 0; index < weights.size(); ++index)
    named.emplace_back(list.all[index].name, std::move(weights[index]));
  return named;
}

inline std::unique_ptr<engine::Model> random_model(const spec::ModelConfig& config,
                                                   std::int64_t vocabulary, unsigned seed) {
  return std::make_unique<engine::Model>(config, vocabulary,
                                         random_weights(config, vocabulary, seed));
}

/// The logits after each token of a text, [tokens, vocabulary].
inline base::Array all_logits(const engine::Model& model, const std::vector<std::int32_t>& ids,
                              engine::Taps* taps = nullptr) {
  const auto reader = engine::make_reader(model);
  const engine::Rows final = reader->read(ids, taps);
  base::Array logits({final.count, model.vocabulary()});
  model.logits(final, {logits.values.data(), model.vocabulary(), final.count});
  return logits;
}

}  // namespace qkv::tests
