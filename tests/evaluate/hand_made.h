#pragma once

#include <string>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "model/transformer.h"
#include "world/probe.h"

namespace qkv::testing {

/// Words of one letter, each a single piece.
inline text::Tokenizer letter_tokenizer() {
  bool given = false;
  return text::Tokenizer::train(
      {.kind = "word", .vocabulary = 40, .path = {}}, [&]() -> std::string_view {
        return std::exchange(given, true) ? std::string_view()
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

/// One layer with two heads whose weights are set by hand. Numbers 0 to 7 of a vector encode the
/// position of a token, 8 to 15 its letter. Head 0 attends to the previous token (the first one to
/// itself) and adds its letter; head 1 attends uniformly and adds nothing. So the model predicts
/// the letter before the last, and only the edge to it can matter.
inline model::Transformer hand_made_model(const text::Tokenizer& tokenizer,
                                          const spec::ModelConfig& config = hand_made_config()) {
  model::Transformer model(config, tokenizer.size(), 1);
  const torch::NoGradGuard no_gradients;
  const model::Tensor same = torch::eye(8);
  for (const auto& [name, weight] : model.parameters().list()) {
    if (weight.dim() != 2) continue;
    weight.zero_();
    if (name == "model.embed_positions.weight") weight.narrow(1, 0, 8).copy_(same);
    if (name == "model.embed_tokens.weight") {
      for (std::int64_t letter = 0; letter < 8; ++letter) {
        const std::string word(1, static_cast<char>('a' + letter));
        weight[tokenizer.encode(word)[0]][8 + letter] = 1;
      }
    }
    if (name.ends_with("q_proj.weight")) {  // position i attends to i − 1
      for (std::int64_t place = 1; place < 8; ++place) weight[place - 1][place] = 10;
    }
    if (name.ends_with("k_proj.weight")) weight.narrow(0, 0, 8).narrow(1, 0, 8).copy_(same);
    if (name.ends_with("v_proj.weight")) weight.narrow(0, 0, 8).narrow(1, 8, 8).copy_(same);
    if (name.ends_with("o_proj.weight")) weight.narrow(0, 8, 8).narrow(1, 0, 8).copy_(same);
  }
  return model;
}

/// A checkpoint of this model that was never on disk.
inline checkpoint::Checkpoint hand_made_checkpoint() {
  config::Config config;
  config.model = hand_made_config();
  text::Tokenizer tokenizer = letter_tokenizer();
  model::Transformer model = hand_made_model(tokenizer, config.model);
  return {.path = "runs/by-hand",
          .config = config,
          .tokenizer = std::move(tokenizer),
          .model = std::make_unique<model::Transformer>(std::move(model)),
          .state = {},
          .config_hash = "",
          .weights_hash = ""};
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

}  // namespace qkv::testing
