#include "inspect/heads/head_scores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "inspect/intervening.h"

namespace qkv::inspect {
namespace {

constexpr std::int64_t kHandWords = 8;
constexpr std::int64_t kHandContext = 8;
constexpr float kSharp = 60;

/// A causal model with one head per layer whose stream has three parts: the word (8 numbers), the
/// position (8 numbers), and room for the word before (8 numbers). The norm's weights undo its
/// scale: each token's vector has two ones, or three after layer 0.
class HandModel {
 public:
  explicit HandModel(std::int64_t layers) {
    config.layers = layers;
    config.heads = 1;
    config.key_value_heads = 1;
    config.width = 3 * kHandWords;
    config.context = kHandContext;
    config.norm = spec::Norm::kRms;
    config.position = spec::Position::kLearned;
    config.feed_forward.activation = spec::Activation::kNone;
    list = spec::WeightList(config, kHandWords);
    for (const spec::Weight& weight : list.all) weights.emplace_back(weight.shape);
    for (std::int64_t at = 0; at < kHandWords; ++at) {
      set(list.embedding, at, at, 1);
      set(list.positions, at, kHandWords + at, 1);
    }
    for (const spec::LayerWeights& layer : list.layers) {
      for (float& gain : values(layer.attention_norm.weight)) gain = 1;
    }
  }

  /// Attends to the token before, and copies its word into the third part.
  void look_back(std::int64_t layer) {
    const spec::LayerWeights& at = list.layers[static_cast<std::size_t>(layer)];
    for (std::int64_t number = 0; number < kHandWords; ++number) {
      if (number > 0) set(at.query.weight, number - 1, kHandWords + number, kSharp);
      set(at.key.weight, number, kHandWords + number, 1);
      set(at.value.weight, number, number, 1);
      set(at.output.weight, 2 * kHandWords + number, number, 1);
    }
  }
  /// Attends to tokens whose third part is this token's word.
  void match(std::int64_t layer, std::int64_t part) {
    const spec::LayerWeights& at = list.layers[static_cast<std::size_t>(layer)];
    for (std::int64_t number = 0; number < kHandWords; ++number) {
      set(at.query.weight, number, number, kSharp);
      set(at.key.weight, number, part * kHandWords + number, 1);
    }
  }

  HeadScores scores(const IdRows& rows) const {
    return head_scores(engine::Model(config, kHandWords, weights), rows, 1);
  }

  spec::ModelConfig config;
  spec::WeightList list;
  std::vector<base::Array> weights;

 private:
  std::vector<float>& values(spec::WeightIndex index) {
    return weights[static_cast<std::size_t>(index)].values;
  }
  void set(spec::WeightIndex index, std::int64_t row, std::int64_t column, float value) {
    values(index)[static_cast<std::size_t>(row * config.width + column)] = value;
  }
};

// Token 0 has none before it: the head that looks back copies its own word.
const IdRows kTwice = {{7, 3, 1, 6, 3, 1, 6}, {0, 5, 2, 4, 5, 2, 4}};

// Scores of keys that do not match are lower by more than 60, where exp(-60) is nothing in float32;
// what is left is the rounding of the weights.
constexpr double kElsewhere = 1e-6;

TEST(HeadScores, FindAHeadThatLooksBack) {
  HandModel model(1);
  model.look_back(0);
  const HeadScores scores = model.scores(kTwice);
  EXPECT_EQ(scores.previous.shape, (std::vector<std::int64_t>{1, 1}));
  EXPECT_NEAR(scores.previous.values[0], 1, kElsewhere);
  EXPECT_NEAR(scores.induction.values[0], 0, kElsewhere);
  EXPECT_NEAR(scores.duplicate.values[0], 0, kElsewhere);
  EXPECT_NEAR(scores.entropy.values[0], 0, kElsewhere);
  EXPECT_NEAR(scores.first_token.values[0], 1.0 / 6, kElsewhere);
  EXPECT_NEAR(scores.distance.values[0], 6.0 / 7, kElsewhere);
}

TEST(HeadScores, FindAHeadThatRecognizesTheSameToken) {
  HandModel model(1);
  model.match(0, 0);
  const HeadScores scores = model.scores(kTwice);
  // The token itself matches as well.
  EXPECT_NEAR(scores.duplicate.values[0], 0.5, kElsewhere);
  EXPECT_NEAR(scores.induction.values[0], 0, kElsewhere);
}

TEST(HeadScores, InductionTakesTwoLayers) {
  HandModel two(2);
  two.look_back(0);
  two.match(1, 2);
  const HeadScores scores = two.scores(kTwice);
  EXPECT_NEAR(scores.induction.values[1], 1, kElsewhere);
  EXPECT_NEAR(scores.previous.values[0], 1, kElsewhere);
  EXPECT_NEAR(scores.induction.values[0], 0, kElsewhere);
  HandModel one(1);  // nothing has written there: its attention is uniform
  one.match(0, 2);
  const HeadScores alone = one.scores(kTwice);
  EXPECT_NEAR(alone.induction.values[0], (1.0 / 5 + 1.0 / 6 + 1.0 / 7) / 3, kElsewhere);
  EXPECT_NEAR(alone.entropy.values[0], 1, kElsewhere);
  EXPECT_NEAR(alone.distance.values[0], 3.0 / 2, kElsewhere);
}

TEST(HeadScores, AreTheSameOnAnyNumberOfThreads) {
  const auto model = tests::uneven_model();
  const IdRows rows = {{4, 7, 4, 9, 6}, {3, 8}, {10, 1, 2, 3}, {5}};
  const HeadScores one = head_scores(*model, rows, 1);
  const HeadScores three = head_scores(*model, rows, 3);
  EXPECT_EQ(one.entropy, three.entropy);
  EXPECT_EQ(one.distance, three.distance);
  const HeadScores none = head_scores(*model, {{5}}, 1);
  EXPECT_TRUE(std::isnan(none.previous.values[0]));
  EXPECT_EQ(none.distance.values[0], 0);
}

TEST(RandomTexts, HoldNoPieceTwiceAndAreRepeated) {
  std::vector<std::int32_t> pieces;
  for (std::int32_t id = 4; id < 40; ++id) pieces.push_back(id);
  const IdRows texts = random_texts(pieces, 3, 20);
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_NE(texts[0], texts[1]);
  EXPECT_EQ(texts, random_texts(pieces, 3, 20));
  for (const auto& text : texts) EXPECT_EQ(std::set(text.begin(), text.end()).size(), 20U);
  EXPECT_EQ(random_texts({4, 5}, 1, 5)[0].size(), 5U);
  const std::vector<std::int32_t> begin = {1};
  EXPECT_EQ(repeated({{7, 8}}, begin), (IdRows{{1, 7, 8, 7, 8}}));
}

}  // namespace
}  // namespace qkv::inspect
