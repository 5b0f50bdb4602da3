#include "engine/model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/support.h"
#include "process_memory.h"

namespace qkv::engine {
namespace {

constexpr std::int64_t kPieces = 37;

/// A Transformer of each weighting and with a gate, an LSTM and a GRU, whose matrices fill no
/// panel.
std::vector<spec::ModelConfig> configs() {
  std::vector<spec::ModelConfig> configs;
  for (const spec::Architecture kind : spec::all<spec::Architecture>()) {
    for (const spec::Weighting weighting : spec::all<spec::Weighting>()) {
      spec::ModelConfig config = tests::tiny_model_config();
      config.kind = kind;
      config.attention.weights = weighting;
      config.width = 20;
      config.key_value_heads = 2;
      config.position = spec::Position::kLearned;
      config.feed_forward = {.width = 37, .activation = spec::Activation::kSwiglu};
      configs.push_back(config);
    }
  }
  return configs;
}

TEST(Model, GivesItsWeightsBack) {
  for (const spec::ModelConfig& config : configs()) {
    for (const bool tied : {false, true}) {
      spec::ModelConfig made = config;
      made.tied_embeddings = tied;
      const std::vector<base::Array> weights = tests::random_weights(made, kPieces, 3);
      const Model model(made, kPieces, weights);
      for (std::size_t at = 0; at < weights.size(); ++at)
        EXPECT_EQ(model.weight(static_cast<spec::WeightIndex>(at)), weights[at])
            << made.kind << " " << made.attention.weights << " " << model.list().all[at].name;
      EXPECT_TRUE(
          std::equal(weights[0].values.begin(), weights[0].values.end(), model.embedding().data));
    }
  }
}

// Four matrices of 40 MB each.
TEST(Model, HoldsAMatrixOnce) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer keeps freed memory";
#endif
  tests::use_memory_exactly();
  spec::ModelConfig config = tests::tiny_model_config();
  config.width = 1024;
  config.feed_forward.width = 10240;
  std::vector<base::Array> weights;
  for (const spec::Weight& weight : spec::WeightList(config, kPieces).all)
    weights.emplace_back(weight.shape);
  const double bytes = 4 * spec::count_parameters(config, kPieces);
  const double before = tests::resident_bytes();
  const double peak_before = tests::peak_resident_bytes();
  const Model model(config, kPieces, std::move(weights));
  EXPECT_LT(tests::resident_bytes(), before + 0.1 * bytes);
  // One of them is there twice while it is copied.
  EXPECT_LT(tests::peak_resident_bytes(), std::max(peak_before, before + 0.35 * bytes));
}

}  // namespace
}  // namespace qkv::engine
