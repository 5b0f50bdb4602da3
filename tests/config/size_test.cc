#include <gtest/gtest.h>

#include "config/config.h"
#include "spec/weights.h"

namespace qkv::config {
namespace {

TEST(EstimateTables, OfARecurrentNetAreNone) {
  spec::ModelConfig model;
  EXPECT_GT(estimate_tables(model), 0);
  model.kind = spec::Architecture::kLstm;
  EXPECT_EQ(estimate_tables(model), 0);
}

TEST(EstimateMemory, OfARecurrentNetGrowsWithTheContextAlone) {
  Config config;
  config.model.kind = spec::Architecture::kLstm;
  const double small = estimate_memory(config, 500);
  EXPECT_GT(small, 4.0 * 64 * 256 * (500 + 2 * 8 * 128));
  config.model.context *= 16;
  EXPECT_LT(estimate_memory(config, 500), 16 * small);
}

TEST(EstimateMemory, GrowsWithWhatItHolds) {
  Config config;
  config.runtime.threads = 1;
  config.runtime.kernels = spec::Kernels::kPlain;
  const double small = estimate_memory(config, 500);
  // At least weights, gradient and two moments, and the logits.
  EXPECT_GT(small, 16 * spec::count_parameters(config.model, 500) + 4.0 * 64 * 256 * 500);
  config.training.batch_size *= 2;
  EXPECT_GT(estimate_memory(config, 500), 1.5 * small);
  // Scores grow with the square of the context: [batch, heads, context, context].
  config.model.context *= 16;
  EXPECT_GT(estimate_memory(config, 500), 4.0 * 128 * 4 * 4096 * 4096 * 2);
}

TEST(EstimateMemory, CountsTheLogitsOfAValidation) {
  Config config;
  config.training.batch_size = 1;
  config.runtime.threads = 8;
  const double large = estimate_memory(config, 32000);
  EXPECT_GT(large, 8 * 2048.0 * 32000 * 4 * 2);
  config.data.validation_fraction = 0;
  EXPECT_LT(estimate_memory(config, 32000), large / 10);
}

TEST(EstimateMemory, OfTheFusedStepCountsAGradientForEachThreadThatHasRows) {
  Config config;
  config.data.validation_fraction = 0;
  config.runtime.precision = spec::Precision::kFloat32;
  config.model.width = 1024;
  config.training.batch_size = 2;
  config.model.context = 16;
  const double weights = 4 * spec::count_parameters(config.model, 500);
  for (const auto& [threads, copies] : {std::pair{1, 5.0}, {2, 6.0}, {64, 6.0}}) {
    config.runtime.threads = threads;
    EXPECT_GT(estimate_memory(config, 500), copies * weights) << threads;
    EXPECT_LT(estimate_memory(config, 500), (copies + 0.5) * weights) << threads;
  }
}

TEST(EstimateMemory, OfTheFusedStepHoldsASliceAThread) {
  Config config;
  config.runtime.threads = 2;
  config.runtime.kernels = spec::Kernels::kFused;
  config.training.batch_size = 64;
  const double small = estimate_memory(config, 500);
  config.training.batch_size = 6400;  // except for the batch itself
  EXPECT_EQ(estimate_memory(config, 500), small + 32.0 * (6400 - 64) * 256);
  // Only the scores of the validation: linear in the context.
  config.training.batch_size = 64;
  config.model.context *= 16;
  EXPECT_LT(estimate_memory(config, 500), 16 * small);
  config.runtime.threads = 1;
  EXPECT_LT(estimate_memory(config, 500), 16 * small);
  // Without a fused step, everything is stored at once.
  config.training.batch_size = 6400;
  config.model.attention.projection = spec::Projection::kIdentity;
  EXPECT_GT(estimate_memory(config, 500), 4.0 * 6400 * 4 * 4096 * 4096 * 2);
}

}  // namespace
}  // namespace qkv::config
