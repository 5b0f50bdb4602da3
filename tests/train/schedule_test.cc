#include "train/schedule.h"

#include <gtest/gtest.h>

namespace qkv::train {
namespace {

config::TrainingConfig config(spec::Schedule schedule) {
  config::TrainingConfig training;
  training.steps = 1100;
  training.warmup_steps = 100;
  training.learning_rate = 1e-3;
  training.minimum_learning_rate = 1e-4;
  training.schedule = schedule;
  return training;
}

// In double, a few roundings of 1e-16 of numbers below 1e-2: the bounds hold everywhere.
TEST(Schedule, WarmsUpAlongALine) {
  EXPECT_DOUBLE_EQ(learning_rate(config(spec::Schedule::kCosine), 1), 1e-5);
  EXPECT_DOUBLE_EQ(learning_rate(config(spec::Schedule::kCosine), 50), 5e-4);
  EXPECT_DOUBLE_EQ(learning_rate(config(spec::Schedule::kCosine), 100), 1e-3);
}

TEST(Schedule, CosineFallsToTheMinimum) {
  // A third of the way: cos(π/3) = 1/2, so three quarters of the range are left.
  config::TrainingConfig training = config(spec::Schedule::kCosine);
  training.steps = 400;
  EXPECT_NEAR(learning_rate(training, 200), 1e-4 + 0.75 * 9e-4, 1e-15);
  EXPECT_NEAR(learning_rate(config(spec::Schedule::kCosine), 600), 5.5e-4, 1e-15);
  EXPECT_NEAR(learning_rate(config(spec::Schedule::kCosine), 1100), 1e-4, 1e-15);
}

TEST(Schedule, LinearAndConstant) {
  EXPECT_NEAR(learning_rate(config(spec::Schedule::kLinear), 350), 1e-3 - 0.25 * 9e-4, 1e-15);
  EXPECT_NEAR(learning_rate(config(spec::Schedule::kLinear), 1100), 1e-4, 1e-15);
  EXPECT_DOUBLE_EQ(learning_rate(config(spec::Schedule::kConstant), 1100), 1e-3);
}

TEST(Schedule, NeedsNoWarmUp) {
  config::TrainingConfig training = config(spec::Schedule::kLinear);
  training.warmup_steps = 0;
  training.steps = 10;
  EXPECT_NEAR(learning_rate(training, 1), 1e-3 - 0.1 * 9e-4, 1e-15);
}

}  // namespace
}  // namespace qkv::train
