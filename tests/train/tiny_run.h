#pragma once

#include <fstream>
#include <string>

#include "base/random.h"
#include "config/config.h"
#include "scratch.h"

namespace qkv::tests {

/// A text of 400 lines "NOUN VERB NOUN", the same each time.
inline std::string tiny_text() {
  const std::vector<std::string> words = {"cat",  "dog",   "cow",   "hen",
                                          "sees", "hears", "likes", "finds"};
  base::RandomStream random(99);
  std::string text;
  for (int line = 0; line < 400; ++line) {
    text += words[random.below(4)] + " " + words[4 + random.below(4)] + " " +
            words[random.below(4)] + "\n";
  }
  return text;
}

/// A run of a few seconds on this text, in float32 on one thread.
inline config::Config tiny_run_config(const Scratch& scratch) {
  std::ofstream(scratch / "text.txt") << tiny_text();
  config::Config config;
  config.name = "tiny";
  config.seed = 7;
  config.tokenizer.kind = spec::TokenizerKind::kChar;
  config.data.train = {scratch / "text.txt"};
  config.model.layers = 2;
  config.model.heads = config.model.key_value_heads = 2;
  config.model.width = 32;
  config.model.context = 16;
  config.model.feed_forward.width = 64;
  config.training.steps = 30;
  config.training.batch_size = 8;
  config.training.warmup_steps = 5;
  config.training.learning_rate = 1e-2;
  config.training.validate_every = 10;
  config.checkpoints.every = 10;
  config.runtime = {
      .device = spec::Device::kCpu, .precision = spec::Precision::kFloat32, .threads = 1};
  return config;
}

}  // namespace qkv::tests
