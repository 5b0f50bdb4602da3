#include "inspect/edges.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "inspect/intervening.h"

namespace qkv::inspect {
namespace {

const std::vector<std::int32_t> kIds = {4, 7, 5, 9};

// The model is in double, but log probabilities are computed in float32 from its logits. For
// numbers below 8, 1e-5 is ten roundings of 2^-24 for each of the two that an effect is the
// difference of.

/// Compares one map of effects with cuts made one by one by masking. If the cut edge is a token's
/// only one, it reads nothing, which a mask cannot express; there, `effects` is not compared.
void expect_one_by_one(const model::Transformer& model, const Target& target, const Cut& scope,
                       const model::Tensor& effects) {
  const double whole = testing::masked_nats(model, kIds, target, {});
  const bool causal = model.config().causal();
  for (std::int64_t query = 0; query < 4; ++query) {
    for (std::int64_t key = 0; key < 4; ++key) {
      const float found = effects[query][key].item<float>();
      if (causal && key > query) {
        EXPECT_EQ(found, 0);
      } else if (!causal || query > 0) {
        Cut cut = scope;
        cut.queries = {query};
        cut.keys = {key};
        EXPECT_NEAR(found, whole - testing::masked_nats(model, kIds, target, cut), 1e-5)
            << "query " << query << ", key " << key;
      }
    }
  }
}

TEST(EdgeEffects, AreThoseOfCutsOneByOne) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    spec::ModelConfig config = testing::tiny_model_config();
    config.objective = objective;
    const model::Transformer model = testing::uneven_model(config);
    // Causal: a token in the middle, so that there are tokens after it.
    const Target target{.place = 2, .piece = 8};
    const EdgeEffects effects = edge_effects(model, kIds, target, model::Runtime());
    EXPECT_NEAR(effects.log_probability, testing::masked_nats(model, kIds, target, {}), 1e-5);
    EXPECT_GT(effects.all.abs().max().item<float>(), 0.01);
    expect_one_by_one(model, target, {}, effects.all);
    for (std::int64_t layer = 0; layer < 2; ++layer) {
      expect_one_by_one(model, target, {.queries = {}, .keys = {}, .layer = layer},
                        effects.layers[layer]);
      for (std::int64_t head = 0; head < 4; ++head) {
        expect_one_by_one(model, target, {.queries = {}, .keys = {}, .layer = layer, .head = head},
                          effects.heads[layer][head]);
      }
    }
  }
}

TEST(EdgeEffects, OfASingleLayerAreThoseOfAll) {
  spec::ModelConfig config = testing::tiny_model_config();
  config.layers = 1;
  const model::Transformer model = testing::uneven_model(config);
  const EdgeEffects effects = edge_effects(model, kIds, {.place = 3, .piece = 2}, model::Runtime());
  EXPECT_TRUE(torch::equal(effects.all, effects.layers[0]));
  EXPECT_EQ(effects.all.narrow(0, 0, 3).abs().max().item<float>(), 0);
  EXPECT_GT(effects.all[3].abs().max().item<float>(), 0);
}

TEST(EdgeEffects, RefusesWhatIsNotThere) {
  EXPECT_THROW(
      edge_effects(testing::uneven_model(), kIds, {.place = 4, .piece = 2}, model::Runtime()),
      base::Error);
  spec::ModelConfig config = testing::tiny_model_config();
  config.attention.weights = spec::Weighting::kNone;
  EXPECT_THROW(
      edge_effects(testing::uneven_model(config), kIds, {.place = 1, .piece = 2}, model::Runtime()),
      base::Error);
}

}  // namespace
}  // namespace qkv::inspect
