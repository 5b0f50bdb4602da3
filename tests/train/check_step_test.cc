#include "train/check_step.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "train/either_step.h"
#include "train/small_config.h"

namespace qkv::train {
namespace {

constexpr std::int64_t kCheckedPieces = 60;

config::Config checked_config(spec::Optimizer optimizer, spec::Precision precision) {
  config::Config config = tests::small_config();
  config.model.context = 8;
  config.model.bias = true;
  config.model.dropout = 0.2;
  config.training.optimizer = optimizer;
  config.training.batch_size = 3;
  config.training.steps = 10;
  config.training.warmup_steps = 2;
  config.training.learning_rate = 0.01;
  config.runtime.precision = precision;
  config.runtime.kernels = spec::Kernels::kCheck;
  return config;
}

std::vector<Step::Result> results_of(Step& step, const config::Config& config) {
  std::vector<Step::Result> results;
  for (std::int64_t number = 1; number <= 5; ++number) {
    step.begin(tests::step_batch({tests::counted_batch(config, kCheckedPieces, number)}), number);
    results.push_back(step.finish());
  }
  return results;
}

TEST(CheckStep, IsTheStepOfTheKernelsToTheBit) {
  for (const spec::Optimizer optimizer : spec::all<spec::Optimizer>()) {
    for (const spec::Precision precision :
         {spec::Precision::kFloat32, spec::Precision::kBfloat16}) {
      const config::Config config = checked_config(optimizer, precision);
      const model::Runtime runtime = model::set_up_runtime(config.runtime);
      if (!KernelStep::supports(config, runtime)) continue;  // no bfloat16 on this processor
      const auto checked = model::make_model(config.model, kCheckedPieces, 5);
      const auto alone = model::make_model(config.model, kCheckedPieces, 5);
      CheckStep check(*checked, config, runtime);
      KernelStep kernels(*alone, config, runtime);
      const std::vector<Step::Result> found = results_of(check, config);
      const std::vector<Step::Result> expected = results_of(kernels, config);
      for (std::size_t index = 0; index < found.size(); ++index) {
        EXPECT_EQ(found[index].loss, expected[index].loss) << optimizer << " " << precision;
        EXPECT_EQ(found[index].gradient_norm, expected[index].gradient_norm);
      }
      for (std::size_t index = 0; index < checked->parameters().list().size(); ++index) {
        EXPECT_TRUE(checked->parameters().list()[index].second.equal(
            alone->parameters().list()[index].second));
      }
    }
  }
}

std::string complaint(const config::Config& config, const spec::ModelConfig& defined) {
  const auto model = model::make_model(defined, kCheckedPieces, 5);
  CheckStep step(*model, config, model::set_up_runtime(config.runtime));
  try {
    results_of(step, config);
    return "";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.fault(), base::Error::Fault::kRun);
    return error.what();
  }
}

// 1 − β in float32 of β is off by 1e-5 of itself and more: the kernels must not compute it so.
TEST(CheckStep, BetasNearOneAreNoDifference) {
  for (const double beta2 : {0.95, 0.999, 0.9999}) {
    config::Config config = checked_config(spec::Optimizer::kAdamw, spec::Precision::kFloat32);
    config.training.beta2 = beta2;
    EXPECT_EQ(complaint(config, config.model), "");
    config.training.beta1 = 0.99;
    EXPECT_EQ(complaint(config, config.model), "");
  }
}

TEST(CheckStep, StopsWhereTheKernelsComputeAnotherModel) {
  config::Config config = checked_config(spec::Optimizer::kAdamw, spec::Precision::kFloat32);
  const spec::ModelConfig defined = config.model;
  EXPECT_EQ(complaint(config, defined), "");

  config.model.feed_forward.activation = spec::Activation::kSilu;
  const std::string other = complaint(config, defined);
  EXPECT_EQ(other.rfind("runtime.kernels \"check\": step 1: the loss: found a distance of ", 0), 0U)
      << other;

  // A difference in the sixth digit of the loss.
  config.model = defined;
  config.model.norm_epsilon *= 1.5;
  EXPECT_NE(complaint(config, defined), "");
}

TEST(MakeStep, RefusesToCheckWithoutKernels) {
  config::Config config = checked_config(spec::Optimizer::kAdamw, spec::Precision::kFloat32);
  config.model.kind = spec::Architecture::kGru;
  const auto model = model::make_model(config.model, kCheckedPieces, 5);
  EXPECT_THROW(make_step(*model, config, model::set_up_runtime(config.runtime)), base::Error);
}

}  // namespace
}  // namespace qkv::train
