#include "inspect/context_vectors.h"

#include <gtest/gtest.h>

#include "inspect/tiny.h"

namespace qkv::inspect {
namespace {

PlacedWord placed(const checkpoint::Checkpoint& checkpoint, const std::string& text,
                  const std::vector<std::int64_t>& tokens) {
  PlacedWord word{.ids = {}, .tokens = tokens};
  for (const text::Token& token : read_passage(checkpoint, text, "--text").tokens)
    word.ids.push_back(token.id);
  return word;
}

/// What one pass over the text alone records.
model::Tensor recorded(const checkpoint::Checkpoint& checkpoint, const std::string& text,
                       const std::vector<std::int64_t>& tokens) {
  const Inspection alone = testing::inspect_text(checkpoint, text);
  std::vector<model::Tensor> depths;
  for (const char* name : {"layers.0.input", "layers.0.output", "layers.1.output"}) {
    const model::Tensor all = alone.taps.value(name).to(at::kDouble);
    depths.push_back(all.index_select(0, torch::tensor(tokens, at::kLong)).mean(0));
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
  for (std::size_t word = 0; word < texts.size(); ++word) {
    const model::Tensor expected = recorded(checkpoint, texts[word].first, texts[word].second);
    ASSERT_EQ(found[word].sizes(), expected.sizes());
    EXPECT_TRUE(at::allclose(found[word], expected, 1e-4, 1e-5)) << texts[word].first;
  }
  EXPECT_FALSE(at::allclose(found[0][0], found[0][1]));
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
