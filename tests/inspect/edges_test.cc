#include "inspect/edges/edges.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "inspect/intervening.h"

namespace qkv::inspect {
namespace {

const std::vector<std::int32_t> kIds = {4, 7, 5, 9};

/// Compares one map of effects with cuts made one by one by masking, each in a whole pass. If the
/// cut edge is a token's only one, it reads nothing, which a mask cannot express; there, `effects`
/// is not compared.
void expect_one_by_one(const engine::Model& model, const predict::Target& target, const Cut& scope,
                       base::View effects) {
  const double whole = tests::masked_nats(model, kIds, target, {});
  const bool causal = model.config().causal();
  for (std::int64_t query = 0; query < 4; ++query) {
    for (std::int64_t key = 0; key < 4; ++key) {
      const float found = effects[query].data[key];
      if (causal && key > query) {
        EXPECT_EQ(found, 0);
      } else if (!causal || query > 0) {
        Cut cut = scope;
        cut.queries = {query};
        cut.keys = {key};
        EXPECT_NEAR(found, whole - tests::masked_nats(model, kIds, target, cut),
                    2 * tests::kNatsRounding)
            << "query " << query << ", key " << key;
      }
    }
  }
}

TEST(EdgeEffects, AreThoseOfCutsOneByOne) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    for (const std::int64_t layers : {2, 3}) {
      spec::ModelConfig config = tests::tiny_model_config();
      config.objective = objective;
      config.layers = layers;
      const auto model = tests::uneven_model(config);
      // Causal: a token in the middle, so that there are tokens after it.
      const predict::Target target{.place = 2, .piece = 8};
      const EdgeEffects effects = edge_effects(*model, kIds, target, /*threads=*/2);
      EXPECT_NEAR(effects.log_probability, tests::masked_nats(*model, kIds, target, {}),
                  tests::kNatsRounding);
      EXPECT_GT(tests::largest_of(effects.all.view()), 0.01);
      expect_one_by_one(*model, target, {}, effects.all.view());
      for (std::int64_t layer = 0; layer < layers; ++layer) {
        EXPECT_GT(tests::largest_of(effects.layers[layer]), 100 * tests::kNatsRounding);
        expect_one_by_one(*model, target, {.queries = {}, .keys = {}, .layer = layer},
                          effects.layers[layer]);
        for (std::int64_t head = 0; head < 4; ++head) {
          expect_one_by_one(*model, target,
                            {.queries = {}, .keys = {}, .layer = layer, .head = head},
                            effects.heads[layer][head]);
        }
      }
    }
  }
}

TEST(EdgeEffects, DoNotDependOnTheThreads) {
  const auto model = tests::uneven_model();
  const predict::Target target{.place = 3, .piece = 2};
  const EdgeEffects alone = edge_effects(*model, kIds, target, 1);
  const EdgeEffects shared = edge_effects(*model, kIds, target, 3);
  EXPECT_EQ(shared.log_probability, alone.log_probability);
  EXPECT_EQ(shared.all.values, alone.all.values);
  EXPECT_EQ(shared.layers.values, alone.layers.values);
  EXPECT_EQ(shared.heads.values, alone.heads.values);
}

TEST(EdgeEffects, OfASingleLayerAreThoseOfAll) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.layers = 1;
  const auto model = tests::uneven_model(config);
  const EdgeEffects effects = edge_effects(*model, kIds, {.place = 3, .piece = 2}, 1);
  EXPECT_EQ(effects.all.values, effects.layers.values);
  for (std::int64_t query = 0; query < 3; ++query)
    EXPECT_EQ(tests::largest_of(effects.all[query]), 0);
  EXPECT_GT(tests::largest_of(effects.all[3]), 0);
}

TEST(EdgeEffects, RefusesWhatIsNotThere) {
  const auto model = tests::uneven_model();
  EXPECT_THROW(edge_effects(*model, kIds, {.place = 4, .piece = 2}, 1), base::Error);
  spec::ModelConfig config = tests::tiny_model_config();
  config.attention.weights = spec::Weighting::kNone;
  const auto blind = tests::uneven_model(config);
  EXPECT_THROW(edge_effects(*blind, kIds, {.place = 1, .piece = 2}, 1), base::Error);
}

}  // namespace
}  // namespace qkv::inspect
