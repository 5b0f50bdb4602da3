#include "inspect/edges/intervention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "inspect/intervening.h"

namespace qkv::inspect {
namespace {

const std::vector<std::int32_t> kCutIds = {4, 7, 5, 9, 6};

double cut_nats(const engine::Model& model, const predict::Target& target, const Cut& cut) {
  const std::vector<Cut> cuts = {{}, cut};  // a row without cuts is read by the same reader
  const predict::ScoredRow row{.ids = kCutIds, .targets = {&target, 1}};
  const auto scores = predict::score_rows(model, {row, row}, 1, {}, [&](std::size_t at) {
    return std::make_unique<EdgeCutter>(cuts[at]);
  });
  EXPECT_NEAR(scores[0].nats, tests::masked_nats(model, kCutIds, target, {}), tests::kNatsRounding);
  return scores[1].nats;
}

// Setting a weight to zero and dividing the rest by its sum equals masking the score before the
// softmax.
TEST(EdgeCutter, IsTheSameAsAMaskBeforeTheSoftmax) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    spec::ModelConfig config = tests::tiny_model_config();
    config.objective = objective;
    config.key_value_heads = 2;
    const auto model = tests::uneven_model(config);
    const predict::Target target{.place = 4, .piece = 3};
    const std::vector<Cut> cuts = {
        {.queries = {4}, .keys = {1}},
        {.queries = {4, 2}, .keys = {0, 1}},
        {.queries = {4}, .keys = {2}, .layer = 0},
        {.queries = {3, 4}, .keys = {1, 2}, .layer = 1},
        {.queries = {4}, .keys = {0, 3}, .layer = 1, .head = 2},
        {.queries = {1}, .keys = {0}, .layer = 0, .head = 3},
        {.queries = {2, 4}, .keys = {1}, .layer = {}, .head = 1},
    };
    const double whole = tests::masked_nats(*model, kCutIds, target, {});
    for (const Cut& cut : cuts) {
      const double nats = cut_nats(*model, target, cut);
      EXPECT_NEAR(nats, tests::masked_nats(*model, kCutIds, target, cut), tests::kNatsRounding);
      // Otherwise nothing was tested.
      EXPECT_GT(std::abs(nats - whole), 10 * tests::kNatsRounding);
    }
  }
}

/// Random numbers from 0 to 1 with this shape.
base::Array random_array(std::vector<std::int64_t> shape) {
  std::mt19937 generator(3);
  std::uniform_real_distribution<float> uniform;
  base::Array array(std::move(shape));
  for (float& value : array.values) value = uniform(generator);
  return array;
}

TEST(EdgeCutter, LeavesNothingOfARowThatIsCutWhole) {
  const base::Array before = [] {
    base::Array weights = random_array({2, 3, 3});
    for (std::int64_t head = 0; head < 2; ++head) {
      for (const auto& [query, key] : {std::pair{0, 1}, {0, 2}, {1, 2}})
        weights[head][query].data[key] = 0;
    }
    return weights;
  }();
  EdgeCutter cutter({.queries = {1}, .keys = {0, 1}, .layer = 0, .head = 1});
  base::Array weights = before;
  cutter.see({engine::Tap::kWeights, 0}, weights.view());
  base::Array expected = before;
  for (float& weight : expected[1][1].values()) weight = 0;
  EXPECT_EQ(weights.values, expected.values);
  EXPECT_TRUE(cutter.wants({engine::Tap::kWeights, 0}));
  EXPECT_FALSE(cutter.wants({engine::Tap::kWeights, 1}));
  EXPECT_FALSE(cutter.wants({engine::Tap::kScores, 0}));
}

}  // namespace
}  // namespace qkv::inspect
