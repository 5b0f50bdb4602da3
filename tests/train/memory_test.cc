#include "train/memory.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/size.h"
#include "predict/loss.h"
#include "spec/weights.h"

namespace qkv::train {
namespace {

TEST(EstimateMemory, OfARecurrentNetGrowsWithTheContextAlone) {
  config::Config config;
  config.model.kind = spec::Architecture::kLstm;
  const double small = estimate_memory(config, 500);
  EXPECT_GT(small, 4.0 * 64 * 256 * (500 + 2 * 8 * 128));
  config.model.context *= 16;
  EXPECT_LT(estimate_memory(config, 500), 16 * small);
}

TEST(EstimateMemory, GrowsWithWhatItHolds) {
  config::Config config;
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

TEST(EstimateMemory, CountsTheEngineThatValidates) {
  config::Config config;
  config.runtime.threads = 8;
  const double with = estimate_memory(config, 32000);
  config.data.validation_fraction = 0;
  const double without = estimate_memory(config, 32000);
  EXPECT_GE(with, without + engine::model_bytes(config.model, 32000) +
                      predict::score_text_bytes(config.model, 32000, 8));
  // Two copies of the weights, one of them with a tied embedding twice; each thread has logits,
  // keys and values, and the vectors of some tokens.
  const double weights = 4 * spec::count_parameters(config.model, 32000);
  EXPECT_GT(with, without + 2 * weights + 8 * 4.0 * (32000 * 48 + 2 * 2 * 256 * 128));
  EXPECT_LT(with,
            without + 4 * weights + 8 * 4.0 * 1.5 * (32000 * 48 + 2 * 2 * 256 * 128 + 192 * 2000));
}

TEST(EstimateMemory, OfTheTrainingStepCountsAGradientForEachThreadThatHasRows) {
  config::Config config;
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

TEST(EstimateMemory, OfTheTrainingStepHoldsASliceAThread) {
  config::Config config;
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

TEST(CheckRun, RefusesARunThatDoesNotFit) {
  config::Config config;
  config.data.train = {"/a"};
  config.runtime.device = spec::Device::kCpu;
  EXPECT_NO_THROW(check_run(config, "c.json"));
  EXPECT_NO_THROW(check_run(config, "c.json", 500));
  config.runtime.kernels = spec::Kernels::kPlain;
  config.training.batch_size = 1048576;
  try {
    check_run(config, "c.json");
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_EQ(
        std::string(error.what())
            .rfind("c.json: training.batch_size: found 1048576, expected a run that fits into "
                   "memory",
                   0),
        0U)
        << error.what();
  }
}

}  // namespace
}  // namespace qkv::train
