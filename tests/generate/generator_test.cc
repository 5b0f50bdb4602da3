#include "generate/generator.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "engine/support.h"

namespace qkv::generate {
namespace {

using spec::TextLayout;

spec::ModelConfig small_config(spec::Position position) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.position = position;
  return config;
}

/// A tokenizer of a few characters, made once.
const text::Tokenizer& characters() {
  static const text::Tokenizer tokenizer = [] {
    config::TokenizerConfig config;
    config.kind = spec::TokenizerKind::kChar;
    config.vocabulary = 20;
    std::string_view rest = "abcabc cab é\n";
    return text::Tokenizer::train(config, [rest]() mutable { return std::exchange(rest, {}); });
  }();
  return tokenizer;
}

/// A model that always predicts `next`: its last norm gives a constant vector.
std::unique_ptr<engine::Model> model_that_says(const std::vector<std::int32_t>& next) {
  spec::ModelConfig config = small_config(spec::Position::kNone);
  config.tied_embeddings = false;
  base::NamedArrays named = tests::named_weights(config, characters().size(), 1);
  std::vector<base::Array> weights;
  for (auto& [name, weight] : named) {
    auto& values = weight.values;
    if (name == "model.norm.weight" || name == "lm_head.weight")
      std::fill(values.begin(), values.end(), 0.0F);
    if (name == "model.norm.bias") std::fill(values.begin(), values.end(), 1.0F);
    if (name == "lm_head.weight") {
      for (const std::int32_t id : next) {
        const std::span<float> row = weight[id].values();
        std::fill(row.begin(), row.end(), 10.0F);
      }
    }
    weights.push_back(std::move(weight));
  }
  return std::make_unique<engine::Model>(config, characters().size(), std::move(weights));
}

std::string generated(const engine::Model& model, const std::string& prompt,
                      const GenerationOptions& options, TextLayout layout = TextLayout::kStream) {
  std::string text;
  generate(model, characters(), layout, prompt, options,
           [&](const std::string& part) { text += part; });
  return text;
}

TEST(Generate, PrintsThePromptAndAsManyTokensAsAsked) {
  const auto model = model_that_says({characters().encode("c")});
  EXPECT_EQ(generated(*model, "ab", {.tokens = 5, .sampling = {}, .seed = 1}), "abccccc");
  EXPECT_EQ(generated(*model, "ab", {.tokens = 0, .sampling = {}, .seed = 1}), "ab");
  EXPECT_EQ(generated(*model, "", {.tokens = 2, .sampling = {}, .seed = 1}, TextLayout::kLines),
            "cc");
  const std::string long_prompt(100, 'b');
  EXPECT_EQ(generated(*model, long_prompt, {.tokens = 20, .sampling = {}, .seed = 1}),
            long_prompt + std::string(20, 'c'));
}

TEST(Generate, StopsAtTheEndOfTheDocumentAndDoesNotPrintIt) {
  const GenerationOptions options{.tokens = 200, .sampling = {}, .seed = 1};
  EXPECT_EQ(generated(*model_that_says({text::Tokenizer::kEnd}), "ab", options, TextLayout::kLines),
            "ab");
  // Ends at each token with probability ½: only one of 2⁴⁰ texts has 40 tokens without an end.
  const std::string text =
      generated(*model_that_says({text::Tokenizer::kEnd, characters().encode("c")[0]}), "ab",
                options, TextLayout::kLines);
  EXPECT_LT(text.size(), 42U);
  EXPECT_EQ(text, "ab" + std::string(text.size() - 2, 'c'));
}

TEST(Generate, EndsBeforeAStopText) {
  const auto model = model_that_says({characters().encode("c")});
  EXPECT_EQ(generated(*model, "ab", {.tokens = 50, .sampling = {}, .seed = 1, .stops = {"cc"}}),
            "ab");
  EXPECT_EQ(generated(*model, "ab", {.tokens = 5, .sampling = {}, .seed = 1, .stops = {"ccd"}}),
            "abccccc");
  // The prompt is not searched.
  EXPECT_EQ(
      generated(*model, "abcc", {.tokens = 2, .sampling = {}, .seed = 1, .stops = {"bc", "x"}}),
      "abcccc");
  for (const std::string bad : {"", "\xFF"}) {
    EXPECT_THROW(generated(*model, "ab", {.tokens = 1, .sampling = {}, .seed = 1, .stops = {bad}}),
                 base::Error);
  }
}

TEST(Generate, WhatPrintThrowsEndsIt) {
  const auto model = model_that_says({characters().encode("c")});
  int parts = 0;
  const auto print = [&](const std::string&) {
    if (++parts == 3) throw base::Error("full", base::Error::Fault::kRun);
  };
  EXPECT_THROW(generate(*model, characters(), TextLayout::kStream, "ab",
                        {.tokens = std::int64_t{1} << 40, .sampling = {}, .seed = 1}, print),
               base::Error);
  EXPECT_EQ(parts, 3);
}

TEST(Generate, AStreamHasNoEnd) {
  const GenerationOptions options{.tokens = 200, .sampling = {}, .seed = 1};
  EXPECT_EQ(generated(*model_that_says({text::Tokenizer::kEnd, characters().encode("c")[0]}), "ab",
                      options),
            "ab" + std::string(200, 'c'));
}

TEST(Generate, SameSeedSameTextOtherSeedAnother) {
  const auto model = model_that_says(characters().encode("abc"));
  const GenerationOptions options{.tokens = 40, .sampling = {}, .seed = 1};
  const std::string text = generated(*model, "a", options);
  EXPECT_EQ(text, generated(*model, "a", options));
  EXPECT_NE(text, generated(*model, "a", {.tokens = 40, .sampling = {}, .seed = 2}));
}

TEST(Generate, PrintsWholeCharactersOnly) {
  // The two bytes of é, drawn in any order, as byte pieces: invalid sequences become U+FFFD.
  std::vector<std::int32_t> bytes;
  for (std::int32_t id = 0; id < characters().size(); ++id) {
    if (characters().piece(id) == "<0xC3>" || characters().piece(id) == "<0xA9>")
      bytes.push_back(id);
  }
  ASSERT_EQ(bytes.size(), 2U);
  const auto model = model_that_says(bytes);
  int characters_seen = 0;
  generate(*model, characters(), TextLayout::kStream, "a",
           {.tokens = 60, .sampling = {}, .seed = 1}, [&](const std::string& part) {
             std::string rest = part;
             for (const std::string known : {"é", "\xEF\xBF\xBD", "a"}) {
               for (std::size_t at = rest.find(known); at != std::string::npos;
                    at = rest.find(known)) {
                 rest.erase(at, known.size());
                 characters_seen += static_cast<int>(known == "é");
               }
             }
             EXPECT_EQ(rest, "");
           });
  EXPECT_GT(characters_seen, 3);
}

TEST(Generate, RefusesWhatCannotBeContinued) {
  const auto model = model_that_says({4});
  const GenerationOptions options;
  EXPECT_THROW(generated(*model, "", options), base::Error);
  EXPECT_THROW(generated(*model, "a\xFF", options), base::Error);
  EXPECT_THROW(
      generated(*model, "a",
                {.tokens = 1, .sampling = {.temperature = -1, .top_k = 0, .top_p = 1}, .seed = 1}),
      base::Error);
  spec::ModelConfig config = small_config(spec::Position::kNone);
  config.objective = spec::Objective::kMasked;
  EXPECT_THROW(generated(*tests::random_model(config, characters().size(), 1), "a", options),
               base::Error);
}

}  // namespace
}  // namespace qkv::generate
