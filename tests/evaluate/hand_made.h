#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/array.h"
#include "checkpoint/checkpoint.h"
#include "engine/model.h"
#include "world/probe.h"

namespace qkv::tests {

/// Words of one letter, each a single piece.
inline text::Tokenizer letter_tokenizer() {
  bool given = false;
  return text::Tokenizer::train({.kind = spec::TokenizerKind::kWord, .vocabulary = 40, .path = {}},
                                [&]() -> std::string_view {
                                  return std::exchange(given, true)
                                             ? std::string_view()
                                             : std::string_view("a b c d e f g h\n");
                                });
}

inline spec::ModelConfig hand_made_config() {
  spec::ModelConfig config;
  config.layers = 1;
  config.heads = config.key_value_heads = 2;
  config.width = 16;
  config.context = 8;
  config.position = spec::Position::kLearned;
  config.norm = spec::Norm::kRms;
  config.feed_forward.activation = spec::Activation::kNone;
  return config;
}

/// The weights of one layer with two heads, set by hand. Numbers 0 to 7 of a vector encode the
/// position of a token, 8 to 15 its letter. Head 0 attends to the previous token (the first one to
/// itself) and adds its letter; head 1 attends uniformly and adds nothing. So the model predicts
/// the letter before the last, and only the edge to it can matter.
inline std::vector<base::Array> hand_made_weights(const text::Tokenizer& tokenizer,
                                                  const spec::ModelConfig& config) {
  std::vector<base::Array> weights;
  for (const spec::Weight& weight : spec::WeightList(config, tokenizer.size()).all) {
    base::Array& values = weights.emplace_back(weight.shape);
    if (weight.shape.size() == 1) {  // the scale of a norm
      std::fill(values.values.begin(), values.values.end(), 1.0F);
      continue;
    }
    const auto set = [&](std::int64_t row, std::int64_t column, float value) {
      *values[row][column].data = value;
    };
    for (std::int64_t place = 0; place < 8; ++place) {
      if (weight.name == "model.embed_positions.weight") set(place, place, 1);
      if (weight.name == "model.embed_tokens.weight") {
        const std::string word(1, static_cast<char>('a' + place));
        set(tokenizer.encode(word)[0], 8 + place, 1);
      }
      // Position i attends to i − 1.
      if (weight.name.ends_with("q_proj.weight") && place > 0) set(place - 1, place, 10);
      if (weight.name.ends_with("k_proj.weight")) set(place, place, 1);
      if (weight.name.ends_with("v_proj.weight")) set(place, 8 + place, 1);
      if (weight.name.ends_with("o_proj.weight")) set(8 + place, place, 1);
    }
  }
  return weights;
}

/// A checkpoint, never on disk, of these weights.
inline checkpoint::Checkpoint checkpoint_of(text::Tokenizer tokenizer,
                                            const spec::ModelConfig& model,
                                            std::vector<base::Array> weights) {
  config::Config config;
  config.model = model;
  auto engine = std::make_unique<engine::Model>(model, tokenizer.size(), std::move(weights));
  return {.path = "runs/by-hand",
          .config = config,
          .tokenizer = std::move(tokenizer),
          .model = std::move(engine),
          .state = {},
          .config_hash = "",
          .weights_hash = ""};
}

inline checkpoint::Checkpoint hand_made_checkpoint() {
  text::Tokenizer tokenizer = letter_tokenizer();
  const spec::ModelConfig config = hand_made_config();
  std::vector<base::Array> weights = hand_made_weights(tokenizer, config);
  return checkpoint_of(std::move(tokenizer), config, std::move(weights));
}

/// "x y z ANSWER", with the query at z; the truth is the letter at `truth`, the distractor that at
/// `distractor` (0 to 2).
inline world::Probe letter_probe(const std::string& text, std::size_t truth, std::size_t distractor,
                                 const std::string& family = "letters") {
  const auto letter = [&](std::size_t place) {
    return base::Span{.begin = 2 * place, .end = 2 * place + 1};
  };
  const auto word = [&](std::size_t place) { return text.substr(2 * place, 1); };
  world::Probe probe;
  probe.id = text;
  probe.family = family;
  probe.text = text + " " + word(truth) + ".";
  probe.predict = {.begin = text.size() + 1, .end = text.size() + 2};
  probe.candidates = {word(distractor), word(truth)};
  probe.answer = word(truth);
  probe.query = {letter(text.size() / 2)};
  probe.truth = {letter(truth)};
  probe.distractors = {letter(distractor)};
  probe.distance = probe.truth.front().begin;
  return probe;
}

}  // namespace qkv::tests
