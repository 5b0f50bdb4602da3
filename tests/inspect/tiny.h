#pragma once

#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "engine/support.h"
#include "inspect/inspection.h"
#include "rounding.h"

namespace qkv::tests {

inline const std::string kText =
    "the cat sat on the mat.\nthe king and the queen saw the man and the woman.\na dog ran to the "
    "cat.\n";

inline text::Tokenizer tiny_tokenizer(spec::TokenizerKind kind = spec::TokenizerKind::kWord) {
  bool given = false;
  return text::Tokenizer::train(
      {.kind = kind, .vocabulary = 60, .path = {}}, [&]() -> std::string_view {
        return std::exchange(given, true) ? std::string_view() : std::string_view(kText);
      });
}

/// Two layers of four heads, four numbers each.
inline config::Config tiny_config() {
  config::Config config;
  config.seed = 7;
  config.model.width = 16;
  config.model.context = 16;
  config.model.feed_forward.width = 24;
  return config;
}

/// A checkpoint that was never on disk. Its matrices are far from 0, so that attention is not
/// uniform.
inline checkpoint::Checkpoint tiny_checkpoint(
    const config::Config& config, spec::TokenizerKind kind = spec::TokenizerKind::kWord) {
  text::Tokenizer tokenizer = tiny_tokenizer(kind);
  auto model = random_model(config.model, tokenizer.size(), /*seed=*/7);
  checkpoint::TrainerState state;
  state.step = 42;
  return {.path = "runs/tiny/checkpoints/step-0000042",
          .config = config,
          .tokenizer = std::move(tokenizer),
          .model = std::move(model),
          .state = state,
          .config_hash = std::string(64, 'a'),
          .weights_hash = std::string(64, 'b')};
}

/// How far a sum of attention weights in float32 may be from 1. The weights were divided by their
/// sum: one rounding for each addend and two for the quotient.
inline double rounding_of_weights(std::size_t tokens) {
  return static_cast<double>(tokens + 2) * kFloat32;
}

inline inspect::Inspection inspect_text(const checkpoint::Checkpoint& checkpoint,
                                        const std::string& text) {
  return inspect::inspect(checkpoint, inspect::read_passage(checkpoint, text, "--text"));
}

/// The message of the Error that `action` throws; empty if it throws none.
template <typename Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace qkv::tests
