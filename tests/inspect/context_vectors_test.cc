#include "inspect/context_vectors.h"

#include <gtest/gtest.h>

#include "inspect/tiny.h"
#include "model/support.h"

namespace qkv::inspect {
namespace {

PlacedWord placed(const checkpoint::Checkpoint& checkpoint, const std::string& text,
                  const std::vector<std::int64_t>& tokens) {
  PlacedWord word{.ids = {}, .tokens = tokens};
  for (const text::Token& token : read_passage(checkpoint, text, "--text").tokens)
    word.ids.push_back(token.id);
  return word;
}

/// What one pass of a model over the text alone records.
model::Tensor recorded(const model::Model& model, const PlacedWord& word) {
  testing::Record seen;
  testing::logits_of(model, {word.ids.begin(), word.ids.end()},
                     {.taps = &seen, .dropout = {}, .cache = nullptr});
  std::vector<model::Tensor> depths;
  for (const char* name : {"layers.0.input", "layers.0.output", "layers.1.output"}) {
    const model::Tensor all = seen.values.at(name)[0].to(at::kDouble);
    depths.push_back(all.index_select(0, torch::tensor(word.tokens, at::kLong)).mean(0));
  }
  return at::stack(depths);
}

class ContextVectors
    : public ::testing::TestWithParam<std::pair<spec::Architecture, spec::Objective>> {};

// Texts of different lengths share a batch, so padding must be hidden.
TEST_P(ContextVectors, AreThoseOfAPassOverTheTextAlone) {
  config::Config config = testing::tiny_config();
  config.model.kind = GetParam().first;
  config.model.objective = GetParam().second;
  config.data.layout = "lines";
  const checkpoint::Checkpoint checkpoint = testing::tiny_checkpoint(config);
  const std::vector<std::pair<std::string, std::vector<std::int64_t>>> texts = {
      {"the cat sat on the mat", {2}},
      {"a dog", {1}},
      {"the king and the queen saw the cat", {7, 8}},
      {"the dog ran", {2}}};
  std::vector<PlacedWord> words;
  for (const auto& [text, tokens] : texts) words.push_back(placed(checkpoint, text, tokens));
  const std::vector<model::Tensor> found =
      context_vectors(*checkpoint.model, words, model::Runtime());
  ASSERT_EQ(found.size(), texts.size());
  const auto in_double = testing::model_in_double(checkpoint);
  for (std::size_t word = 0; word < texts.size(); ++word) {
    const model::Tensor exact = recorded(*in_double, words[word]);
    const model::Tensor alone = recorded(*checkpoint.model, words[word]);
    ASSERT_EQ(found[word].sizes(), exact.sizes());
    testing::expect_rounding_alone(
        testing::largest_difference(found[word], exact), testing::largest_difference(alone, exact),
        testing::rounding(testing::summed(config.model)) * exact.abs().max().item<double>(),
        texts[word].first);
  }
  EXPECT_GT(testing::largest_difference(found[0][0], found[0][1]), 0.1);
}

INSTANTIATE_TEST_SUITE_P(
    OfAllKinds, ContextVectors,
    ::testing::Values(std::pair{spec::Architecture::kTransformer, spec::Objective::kCausal},
                      std::pair{spec::Architecture::kTransformer, spec::Objective::kMasked},
                      std::pair{spec::Architecture::kLstm, spec::Objective::kCausal},
                      std::pair{spec::Architecture::kGru, spec::Objective::kMasked}));

TEST(ContextVectors, OfNoWordsAreNone) {
  const checkpoint::Checkpoint checkpoint = testing::tiny_checkpoint(testing::tiny_config());
  EXPECT_TRUE(context_vectors(*checkpoint.model, {}, model::Runtime()).empty());
}

}  // namespace
}  // namespace qkv::inspect
