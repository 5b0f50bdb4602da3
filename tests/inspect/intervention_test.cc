#include "inspect/intervention.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "inspect/intervening.h"

namespace qkv::inspect {
namespace {

const std::vector<std::int32_t> kIds = {4, 7, 5, 9, 6};

// The model is in double, but score_rows computes log probabilities in float32 from its logits,
// here numbers below 4: 1e-6 is four roundings of 2^-24 of those, as in a logit, the largest taken
// off, the logarithm and a difference.

double cut_nats(const model::Transformer& model, const Target& target, const Cut& cut) {
  const std::vector<Cut> cuts = {{}, cut};  // a row without cuts is in the same batch
  EdgeCutter cutter(cuts);
  const ScoredRow row{.ids = kIds, .targets = {&target, 1}};
  const auto scores = score_rows(model, {row, row}, model::Runtime(), {}, &cutter);
  EXPECT_NEAR(scores[0].nats, testing::masked_nats(model, kIds, target, {}), 1e-6);
  return scores[1].nats;
}

// Setting a weight to zero and dividing the rest by its sum equals masking the score before the
// softmax.
TEST(EdgeCutter, IsTheSameAsAMaskBeforeTheSoftmax) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    spec::ModelConfig config = testing::tiny_model_config();
    config.objective = objective;
    config.key_value_heads = 2;
    const model::Transformer model = testing::uneven_model(config);
    const Target target{.place = 4, .piece = 3};
    const std::vector<Cut> cuts = {
        {.queries = {4}, .keys = {1}},
        {.queries = {4, 2}, .keys = {0, 1}},
        {.queries = {4}, .keys = {2}, .layer = 0},
        {.queries = {3, 4}, .keys = {1, 2}, .layer = 1},
        {.queries = {4}, .keys = {0, 3}, .layer = 1, .head = 2},
        {.queries = {1}, .keys = {0}, .layer = 0, .head = 3},
        {.queries = {2, 4}, .keys = {1}, .layer = {}, .head = 1},
    };
    const double whole = testing::masked_nats(model, kIds, target, {});
    for (const Cut& cut : cuts) {
      const double nats = cut_nats(model, target, cut);
      EXPECT_NEAR(nats, testing::masked_nats(model, kIds, target, cut), 1e-6);
      EXPECT_GT(std::abs(nats - whole), 1e-5);  // otherwise nothing was tested
    }
  }
}

TEST(EdgeCutter, LeavesNothingOfARowThatIsCutWhole) {
  const std::vector<Cut> cuts = {{.queries = {1}, .keys = {0, 1}, .layer = 0, .head = 1}};
  EdgeCutter cutter(cuts);
  cutter.begin({.rows = {0}, .lengths = {3}, .tokens = 3});
  const model::Tensor weights = torch::rand({1, 2, 3, 3}).softmax(-1).tril();
  const model::Tensor cut = cutter.see("layers.0.attention.weights", weights);
  EXPECT_TRUE(torch::equal(cut[0][1][1], torch::zeros(3)));
  EXPECT_TRUE(torch::equal(cut[0][0], weights[0][0]));
  EXPECT_TRUE(torch::equal(cutter.see("layers.1.attention.weights", weights), weights));
  EXPECT_TRUE(torch::equal(cutter.see("layers.0.attention.scores", weights), weights));
}

model::Tensor recorded(const model::Transformer& model, const std::vector<std::int32_t>& ids,
                       const std::string& name) {
  testing::Record record;
  testing::logits_of(model, {ids.begin(), ids.end()}, testing::pass_with(&record));
  return record.values.at(name)[0];
}

std::vector<model::Tensor> means_over(const model::Transformer& model,
                                      const std::vector<std::vector<std::int32_t>>& texts) {
  HeadMeans means;
  std::vector<ScoredRow> rows;
  for (const auto& ids : texts) rows.push_back({.ids = ids, .targets = {}});
  score_rows(model, rows, model::Runtime(), {}, &means);
  return means.means();
}

const std::vector<std::vector<std::int32_t>> kTexts = {kIds, {3, 8}, {10, 1, 2, 3}};

TEST(HeadMeans, AreOverAllTokensAndNoPadding) {
  const model::Transformer model = testing::uneven_model();
  const std::vector<model::Tensor> means = means_over(model, kTexts);
  ASSERT_EQ(means.size(), 2U);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    model::Tensor sum = torch::zeros({4, 2}, at::kDouble);
    for (const auto& ids : kTexts)
      sum += recorded(model, ids, "layers." + std::to_string(layer) + ".attention.mixed").sum(1);
    EXPECT_LT(testing::largest_difference(means[layer], sum / 11), 1e-12);
  }
  EXPECT_THROW(HeadMeans().means(), base::Error);
}

/// Adds a vector to the output of one layer's attention.
class Adder : public model::Taps {
 public:
  Adder(std::string name, model::Tensor added) : name_(std::move(name)), added_(std::move(added)) {}
  model::Tensor see(const std::string& name, model::Tensor value) override {
    return name == name_ ? value + added_ : value;
  }

 private:
  std::string name_;
  model::Tensor added_;
};

// Removing head h of layer 1: its columns of W_O become 0, and W_O of its mean is added instead.
TEST(HeadRemover, LeavesTheMeanThroughTheOutputMatrix) {
  const torch::NoGradGuard no_gradients;
  const model::Transformer model = testing::uneven_model();
  const std::vector<model::Tensor> means = means_over(model, kTexts);
  const Target target{.place = 4, .piece = 6};
  const ScoredRow row{.ids = kIds, .targets = {&target, 1}};
  for (std::int64_t head = 0; head < 4; ++head) {
    HeadRemover remover({{.layer = 1, .head = head}}, means);
    const double removed = score_rows(model, {row}, model::Runtime(), {}, &remover)[0].nats;

    const model::Transformer changed = testing::uneven_model();
    model::Tensor columns;
    for (const auto& [name, weight] : changed.parameters().list()) {
      if (name == "model.layers.1.self_attn.o_proj.weight") columns = weight.narrow(1, 2 * head, 2);
    }
    Adder adder("layers.1.attention.output", at::matmul(columns.clone(), means[1][head]));
    columns.zero_();
    const model::Tensor logits =
        testing::logits_of(changed, {kIds.begin(), kIds.end()}, testing::pass_with(&adder));
    EXPECT_NEAR(removed, logits.log_softmax(-1)[4][6].item<double>(), 1e-6);
    EXPECT_GT(std::abs(removed - score_rows(model, {row}, model::Runtime())[0].nats), 1e-4);
  }
}

TEST(HeadRemover, RemovesSeveralAtOnce) {
  const model::Transformer model = testing::uneven_model();
  const std::vector<model::Tensor> means = means_over(model, kTexts);
  HeadRemover remover({{.layer = 0, .head = 1}, {.layer = 0, .head = 3}}, means);
  const model::Tensor mixed = torch::rand({2, 4, 3, 2}, at::kDouble);
  const model::Tensor kept = mixed.clone();
  const model::Tensor changed = remover.see("layers.0.attention.mixed", mixed);
  EXPECT_TRUE(torch::equal(mixed, kept));  // the value itself is not changed
  for (std::int64_t head = 0; head < 4; ++head) {
    const model::Tensor expected =
        head % 2 == 1 ? means[0][head].expand({2, 3, 2}) : mixed.select(1, head);
    EXPECT_TRUE(torch::equal(changed.select(1, head), expected));
  }
  EXPECT_TRUE(torch::equal(remover.see("layers.1.attention.mixed", mixed), mixed));
}

TEST(AttentionLayer, ReadsTheNameOfATap) {
  EXPECT_EQ(attention_layer("layers.12.attention.weights", "weights"), 12);
  EXPECT_EQ(attention_layer("layers.12.attention.mixed", "weights"), std::nullopt);
  EXPECT_EQ(attention_layer("embedding", "weights"), std::nullopt);
}

}  // namespace
}  // namespace qkv::inspect
