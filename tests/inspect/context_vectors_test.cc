#include "inspect/vectors/context_vectors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "inspect/intervening.h"
#include "inspect/tiny.h"

namespace qkv::inspect {
namespace {

PlacedWord placed(const checkpoint::Checkpoint& checkpoint, const std::string& text,
                  const std::vector<std::int64_t>& tokens) {
  return {.ids = ids_of(read_passage(checkpoint, text, "--text")), .tokens = tokens};
}

/// Compares with what one pass of a model over the text alone records.
void expect_recorded(const engine::Model& model, const PlacedWord& word,
                     const base::ArrayOf<double>& found) {
  tests::RecorderOf recorder({engine::Tap::kInput, engine::Tap::kOutput});
  tests::all_logits(model, word.ids, &recorder);
  const std::vector<std::string> names = {"layers.0.input", "layers.0.output", "layers.1.output"};
  ASSERT_EQ(found.shape, (std::vector<std::int64_t>{3, model.config().width}));
  for (std::size_t depth = 0; depth < names.size(); ++depth) {
    const base::Array& all = recorder.value(names[depth]);
    const base::ViewOf<const double> at_depth = found[static_cast<std::int64_t>(depth)];
    for (std::size_t at = 0; at < at_depth.size(); ++at) {
      double sum = 0;
      double size = 0;
      for (const std::int64_t token : word.tokens) {
        sum += static_cast<double>(all[token].data[at]);
        size += std::abs(static_cast<double>(all[token].data[at]));
      }
      // A mean in double of the same numbers: four roundings.
      EXPECT_NEAR(at_depth.data[at], sum / static_cast<double>(word.tokens.size()),
                  4 * 0x1p-53 * size)
          << names[depth];
    }
  }
}

class ContextVectors
    : public ::testing::TestWithParam<std::pair<spec::Architecture, spec::Objective>> {};

// One reader reads texts of different lengths, also a short one after a long one.
TEST_P(ContextVectors, AreThoseOfAPassOverTheTextAlone) {
  config::Config config = tests::tiny_config();
  config.model.kind = GetParam().first;
  config.model.objective = GetParam().second;
  config.data.layout = spec::TextLayout::kLines;
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
  const std::vector<std::pair<std::string, std::vector<std::int64_t>>> texts = {
      {"the cat sat on the mat", {2}},
      {"a dog", {1}},
      {"the king and the queen saw the cat", {7, 8}},
      {"the dog ran", {2}}};
  std::vector<PlacedWord> words;
  for (const auto& [text, tokens] : texts) words.push_back(placed(checkpoint, text, tokens));
  for (const int threads : {1, 3}) {
    const auto found = context_vectors(*checkpoint.model, words, threads);
    ASSERT_EQ(found.size(), texts.size());
    for (std::size_t word = 0; word < texts.size(); ++word)
      expect_recorded(*checkpoint.model, words[word], found[word]);
    double difference = 0;
    for (std::size_t at = 0; at < found[0][0].size(); ++at)
      difference = std::max(difference, std::abs(found[0][0].data[at] - found[0][1].data[at]));
    EXPECT_GT(difference, 0.1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    OfAllKinds, ContextVectors,
    ::testing::Values(std::pair{spec::Architecture::kTransformer, spec::Objective::kCausal},
                      std::pair{spec::Architecture::kTransformer, spec::Objective::kMasked},
                      std::pair{spec::Architecture::kLstm, spec::Objective::kCausal},
                      std::pair{spec::Architecture::kGru, spec::Objective::kMasked}));

TEST(ContextVectors, OfNoWordsAreNone) {
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  EXPECT_TRUE(context_vectors(*checkpoint.model, {}, 1).empty());
}

}  // namespace
}  // namespace qkv::inspect
