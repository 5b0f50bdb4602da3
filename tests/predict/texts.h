#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "engine/support.h"
#include "predict/support.h"
#include "rounding.h"
#include "scratch.h"
#include "spec/initial_weights.h"
#include "text/corpus/corpus.h"

namespace qkv::tests {

inline constexpr const char* kTexts =
    "a cat sat on a mat\na dog ran to a log\ncat and dog\nthe end is near\na\nso it goes on\n";

/// How far the log probabilities of so many tokens may be off in all, on any processor: each is a
/// number below 8 in float32, with at most ten roundings.
constexpr double rounding_of(std::uint64_t tokens) {
  return static_cast<double>(tokens) * 10 * 8 * kFloat32;
}

/// A tokenizer that knows kTexts, and small models for it.
class TextsTest : public ::testing::Test {
 protected:
  explicit TextsTest(spec::TokenizerKind kind = spec::TokenizerKind::kChar)
      : tokenizer_(learn(kind)) {
    ::setenv("QKV_CACHE", (scratch_ / "cache").c_str(), 1);
  }

  static text::Tokenizer learn(spec::TokenizerKind kind) {
    bool given = false;
    return text::Tokenizer::train(
        {.kind = kind, .vocabulary = 64, .path = {}}, [&]() -> std::string_view {
          return std::exchange(given, true) ? std::string_view() : std::string_view(kTexts);
        });
  }
  std::unique_ptr<engine::Model> model(spec::Objective objective) const {
    spec::ModelConfig config;
    config.layers = 1;
    config.heads = config.key_value_heads = 2;
    config.width = 16;
    config.context = 12;
    config.feed_forward.width = 32;
    config.objective = objective;
    std::vector<base::Array> weights =
        spec::initial_weights(spec::WeightList(config, tokenizer_.size()), 5);
    for (base::Array& weight : weights) {
      for (float& value : weight.values) value *= 8;  // far from a uniform distribution
    }
    return std::make_unique<engine::Model>(config, tokenizer_.size(), std::move(weights));
  }
  text::TokenFile tokens(spec::TextLayout layout) {
    const auto path = scratch_ / base::concat(layout, ".txt");
    std::ofstream(path) << kTexts;
    return text::open_tokens({path}, tokenizer_, layout);
  }
  /// −log p of `target` at a place of a text, by plain loops over the logits.
  static double nats_at(const engine::Model& model, const std::vector<std::int32_t>& ids,
                        std::size_t place, std::int32_t target) {
    return -nats_of(all_logits(model, ids), {static_cast<std::int64_t>(place), target});
  }
  /// −log p of `target` as the token after `ids`.
  static double nats_after(const engine::Model& model, const std::vector<std::int32_t>& ids,
                           std::int32_t target) {
    return nats_at(model, ids, ids.size() - 1, target);
  }

  Scratch scratch_;
  text::Tokenizer tokenizer_;
};

}  // namespace qkv::tests
