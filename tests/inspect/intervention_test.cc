#include "inspect/edges/intervention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "inspect/intervening.h"
#include "rounding.h"

namespace qkv::inspect {
namespace {

using Texts = std::vector<std::vector<std::int32_t>>;

const std::vector<std::int32_t> kRemovedIds = {4, 7, 5, 9, 6};

double cut_nats(const engine::Model& model, const predict::Target& target, const Cut& cut) {
  const std::vector<Cut> cuts = {{}, cut};  // a row without cuts is read by the same reader
  const predict::ScoredRow row{.ids = kRemovedIds, .targets = {&target, 1}};
  const auto scores = predict::score_rows(model, {row, row}, 1, {}, [&](std::size_t at) {
    return std::make_unique<EdgeCutter>(cuts[at]);
  });
  EXPECT_NEAR(scores[0].nats, tests::masked_nats(model, kRemovedIds, target, {}),
              tests::kNatsRounding);
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
    const double whole = tests::masked_nats(*model, kRemovedIds, target, {});
    for (const Cut& cut : cuts) {
      const double nats = cut_nats(*model, target, cut);
      EXPECT_NEAR(nats, tests::masked_nats(*model, kRemovedIds, target, cut), tests::kNatsRounding);
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

base::Array means_over(const engine::Model& model, const Texts& texts) {
  std::vector<predict::ScoredRow> rows;
  for (const auto& ids : texts) rows.push_back({.ids = ids, .targets = {}});
  return head_means(model, rows, /*threads=*/2);
}

const Texts kTexts = {kRemovedIds, {3, 8}, {10, 1, 2, 3}};

TEST(HeadMeans, AreOverAllTokens) {
  const auto model = tests::uneven_model();
  const base::Array means = means_over(*model, kTexts);
  EXPECT_EQ(means.shape, (std::vector<std::int64_t>{2, 4, 2}));
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    for (std::int64_t head = 0; head < 4; ++head) {
      for (std::size_t at = 0; at < 2; ++at) {
        double sum = 0;
        for (const auto& ids : kTexts) {
          tests::RecorderOf recorder({engine::Tap::kMixed});
          tests::all_logits(*model, ids, &recorder);
          const base::Array& mixed =
              recorder.value("layers." + std::to_string(layer) + ".attention.mixed");
          for (std::int64_t token = 0; token < mixed.shape[1]; ++token)
            sum += static_cast<double>(mixed[head][token].data[at]);
        }
        // Summed in double, and rounded once.
        EXPECT_NEAR(means[layer][head].data[at], sum / 11,
                    1.01 * tests::kFloat32 * std::abs(sum / 11));
      }
    }
  }
  EXPECT_THROW(head_means(*model, {}, 1), base::Error);
}

/// Adds a vector to the output of one layer's attention.
class Adder : public engine::Taps {
 public:
  Adder(std::int64_t layer, std::vector<float> added)
      : place_{engine::Tap::kAttentionOutput, layer}, added_(std::move(added)) {}
  bool wants(const engine::TapPlace& place) const override { return place == place_; }
  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    for (std::int64_t token = 0; token < value.shape[0]; ++token) {
      for (std::size_t at = 0; at < added_.size(); ++at) value[token].data[at] += added_[at];
    }
  }

 private:
  engine::TapPlace place_;
  std::vector<float> added_;
};

// Removing head h of layer 1: its columns of W_O become 0, and W_O of its mean is added instead.
TEST(HeadRemover, LeavesTheMeanThroughTheOutputMatrix) {
  const auto model = tests::uneven_model();
  const base::Array means = means_over(*model, kTexts);
  const predict::Target target{.place = 4, .piece = 6};
  const predict::ScoredRow row{.ids = kRemovedIds, .targets = {&target, 1}};
  const double kept = predict::score_rows(*model, {row}, 1)[0].nats;
  for (std::int64_t head = 0; head < 4; ++head) {
    const std::vector<HeadPlace> heads = {{.layer = 1, .head = head}};
    const double removed = predict::score_rows(*model, {row}, 1, {},
                                               [&](std::size_t) {
                                                 return std::make_unique<HeadRemover>(heads, means);
                                               })[0]
                               .nats;

    std::vector<base::Array> weights = tests::uneven_weights();
    base::Array& output = weights[static_cast<std::size_t>(model->list().layers[1].output.weight)];
    std::vector<float> added(8);
    for (std::int64_t out = 0; out < 8; ++out) {
      for (std::int64_t at = 0; at < 2; ++at) {
        float& weight = output[out].data[2 * head + at];
        added[static_cast<std::size_t>(out)] += weight * means[1][head].data[at];
        weight = 0;
      }
    }
    Adder adder(1, added);
    const engine::Model changed(model->config(), model->vocabulary(), std::move(weights));
    EXPECT_NEAR(removed, tests::nats_of(tests::all_logits(changed, kRemovedIds, &adder), target),
                tests::kNatsRounding);
    EXPECT_GT(std::abs(removed - kept), 1e-4);
  }
}

TEST(HeadRemover, RemovesSeveralAtOnce) {
  const auto model = tests::uneven_model();
  const base::Array means = means_over(*model, kTexts);
  const std::vector<HeadPlace> heads = {{.layer = 0, .head = 1}, {.layer = 0, .head = 3}};
  HeadRemover remover(heads, means);
  const base::Array mixed = random_array({4, 3, 2});
  base::Array changed = mixed;
  remover.see({engine::Tap::kMixed, 0}, changed.view());
  for (std::int64_t head = 0; head < 4; ++head) {
    for (std::int64_t token = 0; token < 3; ++token) {
      for (std::size_t at = 0; at < 2; ++at) {
        EXPECT_EQ(changed[head][token].data[at],
                  head % 2 == 1 ? means[0][head].data[at] : mixed[head][token].data[at]);
      }
    }
  }
  EXPECT_TRUE(remover.wants({engine::Tap::kMixed, 0}));
  EXPECT_FALSE(remover.wants({engine::Tap::kMixed, 1}));
  EXPECT_FALSE(remover.wants({engine::Tap::kWeights, 0}));
}

}  // namespace
}  // namespace qkv::inspect
