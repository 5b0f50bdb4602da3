// What attention can and cannot depend on: order, the future, other documents.

#include <gtest/gtest.h>

#include "base/format.h"
#include "support.h"

namespace qkv::model {
namespace {

constexpr std::int64_t kSymmetricPieces = 7;

Transformer make_model(const spec::ModelConfig& config, at::ScalarType type) {
  Transformer model(config, kSymmetricPieces, 1, type);
  tests::randomise(model.parameters(), 11);
  return model;
}

TEST(Symmetry, WithoutPositionPermutedTokensGivePermutedLogits) {
  const std::vector<std::int64_t> ids = {3, 6, 0, 5, 1, 2};
  const std::vector<std::int64_t> order = {4, 0, 5, 2, 1, 3};
  std::vector<std::int64_t> permuted;
  for (const std::int64_t from : order) permuted.push_back(ids[static_cast<std::size_t>(from)]);

  for (const spec::Position kind : spec::all<spec::Position>()) {
    spec::ModelConfig config = tests::tiny_model_config();
    config.objective = spec::Objective::kMasked;
    config.position = kind;
    const Transformer model = make_model(config, at::kDouble);
    const Tensor expected =
        tests::logits_of(model, ids).index_select(0, torch::tensor(order, at::kLong));
    const double difference =
        tests::largest_difference(tests::logits_of(model, permuted), expected);
    if (kind == spec::Position::kNone) {
      EXPECT_LT(difference, 1e-12);
    } else {
      EXPECT_GT(difference, 1e-3) << kind;
    }
  }
}

TEST(Symmetry, CausalMaskAloneTellsOrder) {
  const Transformer model = make_model(tests::tiny_model_config(), at::kDouble);
  const Tensor there = tests::logits_of(model, {1, 2, 3});
  const Tensor back = tests::logits_of(model, {2, 1, 3});
  EXPECT_GT(tests::largest_difference(there[0], back[1]), 1e-3);
}

TEST(Causality, ALaterTokenLeavesEarlierLogitsAsTheyWereToTheBit) {
  const std::vector<std::int64_t> ids = {3, 6, 0, 5, 1, 2};
  for (const spec::Position kind : spec::all<spec::Position>()) {
    for (const spec::Weighting weights : {spec::Weighting::kSoftmax, spec::Weighting::kUniform}) {
      spec::ModelConfig config = tests::tiny_model_config();
      config.position = kind;
      config.attention.weights = weights;
      const Transformer model = make_model(config, at::kFloat);
      const Tensor before = tests::logits_of(model, ids);
      for (std::size_t changed = 0; changed < ids.size(); ++changed) {
        std::vector<std::int64_t> other = ids;
        other[changed] = (other[changed] + 1) % kSymmetricPieces;
        const Tensor after = tests::logits_of(model, other);
        const auto at = static_cast<std::int64_t>(changed);
        EXPECT_TRUE(after.narrow(0, 0, at).equal(before.narrow(0, 0, at)))
            << kind << " " << weights << " " << at;
        for (std::int64_t token = at; token < 6; ++token) {
          EXPECT_FALSE(after[token].equal(before[token])) << kind << " " << weights << " " << token;
        }
      }
    }
  }
}

TEST(Causality, AMaskedModelSeesBothWays) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.objective = spec::Objective::kMasked;
  const Transformer model = make_model(config, at::kFloat);
  EXPECT_FALSE(tests::logits_of(model, {1, 2, 3})[0].equal(tests::logits_of(model, {1, 2, 4})[0]));
}

TEST(Documents, InOneRowAreAsEachAlone) {
  const std::vector<std::int64_t> first = {3, 6, 0};
  const std::vector<std::int64_t> second = {5, 1};
  const Tensor row = tests::token_ids({3, 6, 0, 5, 1, 0});
  const Tensor positions = tests::token_ids({0, 1, 2, 0, 1, 2});
  const Tensor documents = tests::token_ids({0, 0, 0, 1, 1, -1});
  const torch::NoGradGuard no_gradients;
  for (const spec::Position kind : spec::all<spec::Position>()) {
    for (const spec::Objective objective : spec::all<spec::Objective>()) {
      for (const spec::Weighting weights : {spec::Weighting::kSoftmax, spec::Weighting::kUniform}) {
        const std::string what = base::concat(kind, " ", objective, " ", weights);
        spec::ModelConfig config = tests::tiny_model_config();
        config.position = kind;
        config.objective = objective;
        config.attention.weights = weights;
        const Transformer model = make_model(config, at::kFloat);
        const Tensor together = model.logits(
            model.hidden({.ids = row, .positions = positions, .documents = documents}))[0];
        EXPECT_LT(
            tests::largest_difference(together.narrow(0, 0, 3), tests::logits_of(model, first)),
            5e-6)
            << what;
        EXPECT_LT(
            tests::largest_difference(together.narrow(0, 3, 2), tests::logits_of(model, second)),
            5e-6)
            << what;
        EXPECT_TRUE(together.isfinite().all().item<bool>()) << what << ": padding is not finite";
        const Tensor crossed =
            model.logits(model.hidden({.ids = row, .positions = positions, .documents = {}}))[0];
        EXPECT_GT(tests::largest_difference(together.narrow(0, 3, 2), crossed.narrow(0, 3, 2)),
                  1e-3)
            << what;
      }
    }
  }
}

TEST(Batch, RowsDoNotSeeEachOther) {
  const Transformer model = make_model(tests::tiny_model_config(), at::kDouble);
  const torch::NoGradGuard no_gradients;
  const Tensor ids = at::cat({tests::token_ids({1, 2, 3}), tests::token_ids({4, 5, 6})});
  const Tensor both = model.logits(model.hidden({.ids = ids, .positions = {}, .documents = {}}));
  EXPECT_LT(tests::largest_difference(both[1], tests::logits_of(model, {4, 5, 6})), 1e-12);
}

}  // namespace
}  // namespace qkv::model
