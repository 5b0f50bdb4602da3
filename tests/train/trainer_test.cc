#include "train/trainer.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "train/tiny_run.h"

namespace qkv::train {
namespace {

using tests::Scratch;
using tests::tiny_run_config;

/// Keeps the token cache of these tests separate from the user's.
class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() { ::setenv("QKV_CACHE", (scratch_ / "cache").c_str(), 1); }

  Ending train(const config::Config& config, const std::string& name,
               RunMode mode = RunMode::kNew) {
    Trainer trainer(config, {.out = scratch_ / name, .mode = mode, .init = {}});
    return trainer.run();
  }
  std::string weights(const std::string& name) const {
    return base::sha256_file(scratch_ / name / "checkpoints" / "last" / "model.safetensors") +
           base::sha256_file(scratch_ / name / "checkpoints" / "last" / "optimizer.safetensors");
  }
  /// The hash of each snapshot by step.
  std::map<std::int64_t, std::string> snapshots(const std::string& name) const {
    const checkpoint::SnapshotFolder folder(scratch_ / name);
    std::map<std::int64_t, std::string> hashes;
    for (const std::int64_t step : folder.steps())
      hashes[step] = base::sha256_file(folder.step_path(step) / "model.safetensors");
    return hashes;
  }
  /// The values of `key` in metrics.jsonl by step.
  std::map<std::int64_t, double> curve(const std::string& name, const std::string& key) const {
    std::map<std::int64_t, double> values;
    std::istringstream lines(base::read_file(scratch_ / name / "metrics.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const base::Json record = base::parse_json(line, "metrics.jsonl");
      if (record.contains(key)) values[record["step"]] = record[key];
    }
    return values;
  }

  Scratch scratch_;
};

// The signature: a change that is not meant to affect training must not change these numbers.
TEST_F(TrainerTest, FollowsTheRecordedLosses) {
  ASSERT_EQ(train(tiny_run_config(scratch_), "run"), Ending::kFinished);
  const std::map<std::int64_t, double> recorded = {{1, 5.5904527},  {2, 5.4876261},
                                                   {5, 4.5850143},  {10, 2.9778154},
                                                   {20, 2.7012403}, {30, 2.7312460}};
  // In float32, which rounds a loss by up to 2e-7. The bound allows 30 steps to magnify this
  // several hundred times, as other orders of sums on other processors do.
  const auto losses = curve("run", "loss");
  for (const auto& [step, loss] : recorded)
    EXPECT_NEAR(losses.at(step), loss, 1e-4) << "step " << step;
  EXPECT_NEAR(curve("run", "validation_loss").at(30), 2.7730124, 1e-4);
}

TEST_F(TrainerTest, StartsAtTheLossOfKnowingNothing) {
  config::Config config = tiny_run_config(scratch_);
  config.training.steps = 5;
  ASSERT_EQ(train(config, "run"), Ending::kFinished);
  const checkpoint::Checkpoint untrained =
      checkpoint::open_checkpoint(scratch_ / "run/checkpoints/step-0000000");
  // Random logits of a small deviation s add s² / 2 to it, some hundredths; the seed is fixed.
  EXPECT_NEAR(curve("run", "loss").at(1), std::log(static_cast<double>(untrained.tokenizer.size())),
              0.05);
}

TEST_F(TrainerTest, ResumesBitForBit) {
  for (const spec::Objective each : spec::all<spec::Objective>()) {
    const std::string objective(spec::name_of(each));
    config::Config config = tiny_run_config(scratch_);
    config.model.objective = each;
    config.model.dropout = 0.2;
    config.training.accumulation = 2;
    ASSERT_EQ(train(config, objective), Ending::kFinished);

    const std::string parts = objective + "-parts";
    config::Config first = config;
    first.training.steps = 30;
    {
      // Cut off as by kill -9: everything after the checkpoint of step 20 is lost.
      ASSERT_EQ(train(first, parts), Ending::kFinished);
      std::filesystem::remove_all(scratch_ / parts / "checkpoints" / "step-0000030");
    }
    ASSERT_EQ(train(config, parts, RunMode::kResume), Ending::kFinished);
    EXPECT_EQ(weights(parts), weights(objective));
    EXPECT_EQ(curve(parts, "loss"), curve(objective, "loss"));
    EXPECT_EQ(train(config, parts, RunMode::kResume), Ending::kAlreadyFinished);
    EXPECT_EQ(snapshots(parts), snapshots(objective));
  }
}

TEST_F(TrainerTest, KeepsTheWeightsOfTheStepsThatTheConfigNames) {
  config::Config config = tiny_run_config(scratch_);
  ASSERT_EQ(train(config, "run"), Ending::kFinished);
  const std::map<std::int64_t, std::string> all = snapshots("run");
  std::vector<std::int64_t> steps;
  for (const auto& [step, hash] : all) steps.push_back(step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1, 2, 4, 8, 16, 30}));
  const auto checkpoint = [&](const char* step) {
    return base::sha256_file(scratch_ / "run/checkpoints" / step / "model.safetensors");
  };
  EXPECT_EQ(all.at(0), checkpoint("step-0000000"));
  EXPECT_EQ(all.at(30), checkpoint("step-0000030"));
  EXPECT_NE(all.at(16), all.at(30));

  config.checkpoints.snapshots = {{8, 3}};
  ASSERT_EQ(train(config, "run", RunMode::kOverwrite), Ending::kFinished);
  const std::map<std::int64_t, std::string> listed = snapshots("run");
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_TRUE(listed.contains(3));
  EXPECT_EQ(listed.at(8), all.at(8));

  config.checkpoints.snapshots = std::vector<std::int64_t>();
  ASSERT_EQ(train(config, "run", RunMode::kOverwrite), Ending::kFinished);
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "run/snapshots"));
}

TEST_F(TrainerTest, ARunThatStopsEarlyKeepsTheWeightsOfItsEnd) {
  config::Config config = tiny_run_config(scratch_);
  config.training.learning_rate = config.training.minimum_learning_rate = 0.0;
  config.training.validate_every = 3;
  config.training.patience = 1;
  ASSERT_EQ(train(config, "run"), Ending::kStoppedEarly);
  EXPECT_EQ(snapshots("run").rbegin()->first, 3);
}

// Not bit for bit: some of the device's sums have no fixed order. Ten steps in float32
// magnify such a rounding of 2^-24 by far less than the 16,000 times that 1e-3 leaves room for.
TEST_F(TrainerTest, ResumesOnACudaDevice) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  for (const spec::Optimizer each : spec::all<spec::Optimizer>()) {
    const std::string optimizer(spec::name_of(each));
    config::Config config = tiny_run_config(scratch_);
    config.runtime.device = spec::Device::kCuda;
    config.model.dropout = 0.2;
    config.training.optimizer = each;
    ASSERT_EQ(train(config, optimizer), Ending::kFinished);
    const auto whole = curve(optimizer, "loss");
    std::filesystem::remove_all(scratch_ / optimizer / "checkpoints" / "step-0000030");
    ASSERT_EQ(train(config, optimizer, RunMode::kResume), Ending::kFinished);
    for (const auto& [step, loss] : curve(optimizer, "loss"))
      EXPECT_NEAR(loss, whole.at(step), 1e-3 * loss) << optimizer << ", step " << step;
  }
}

TEST_F(TrainerTest, RecurrentNetsLearnAndResumeBitForBit) {
  for (const auto& [kind, objective] :
       {std::pair(spec::Architecture::kLstm, spec::Objective::kCausal),
        std::pair(spec::Architecture::kGru, spec::Objective::kMasked)}) {
    const std::string whole(spec::name_of(kind));
    const std::string parts = whole + "-parts";
    config::Config config = tiny_run_config(scratch_);
    config.model.kind = kind;
    config.model.objective = objective;
    config.model.dropout = 0.1;
    config.data.layout = spec::TextLayout::kLines;
    ASSERT_EQ(train(config, whole), Ending::kFinished);
    const auto losses = curve(whole, "loss");
    EXPECT_LT(losses.at(30), 0.6 * losses.at(1)) << kind;

    ASSERT_EQ(train(config, parts), Ending::kFinished);
    std::filesystem::remove_all(scratch_ / parts / "checkpoints" / "step-0000030");
    ASSERT_EQ(train(config, parts, RunMode::kResume), Ending::kFinished);
    EXPECT_EQ(weights(parts), weights(whole)) << kind;
  }
}

TEST_F(TrainerTest, LearnsTheSameHoweverOftenItIsValidated) {
  config::Config config = tiny_run_config(scratch_);
  config.model.dropout = 0.1;
  ASSERT_EQ(train(config, "seldom"), Ending::kFinished);
  config.training.validate_every = 1;
  config.training.sample_every = 3;
  config.training.sample_prompt = "cat ";
  ASSERT_EQ(train(config, "often"), Ending::kFinished);
  EXPECT_EQ(weights("often"), weights("seldom"));
  EXPECT_EQ(curve("often", "validation_loss").at(20), curve("seldom", "validation_loss").at(20));
}

TEST_F(TrainerTest, AccumulationIsALargerBatch) {
  // With a batch cut in two, the gradient is the same sum in another order.
  config::Config whole = tiny_run_config(scratch_);
  whole.training.steps = 8;
  ASSERT_EQ(train(whole, "whole"), Ending::kFinished);
  config::Config parts = whole;
  parts.training.batch_size = whole.training.batch_size / 2;
  parts.training.accumulation = 2;
  ASSERT_EQ(train(parts, "parts"), Ending::kFinished);
  // Bounds as in FollowsTheRecordedLosses.
  const auto a = curve("whole", "loss");
  const auto b = curve("parts", "loss");
  for (const auto& [step, loss] : a) EXPECT_NEAR(b.at(step), loss, 2e-4) << "step " << step;
}

TEST_F(TrainerTest, StopsEarlyWhenNothingImproves) {
  config::Config config = tiny_run_config(scratch_);
  config.training.steps = 1000;
  config.training.learning_rate = 0.5;  // far too much: it gets worse after a few steps
  config.training.minimum_learning_rate = 0.5;
  config.training.validate_every = 5;
  config.training.patience = 3;
  EXPECT_EQ(train(config, "run"), Ending::kStoppedEarly);
  EXPECT_EQ(train(config, "run", RunMode::kResume), Ending::kAlreadyFinished);
  // With more patience, it was not stopped.
  config.training.patience = 0;
  config.training.steps = static_cast<std::int64_t>(curve("run", "loss").rbegin()->first) + 2;
  EXPECT_EQ(train(config, "run", RunMode::kResume), Ending::kFinished);
}

TEST_F(TrainerTest, SavesNothingThatIsNotFinite) {
  config::Config config = tiny_run_config(scratch_);
  config.training.learning_rate = 1e38;  // the first update overflows, with a finite loss
  config.training.weight_decay = 1e38;
  config.training.schedule = spec::Schedule::kConstant;
  config.training.warmup_steps = 0;
  config.training.steps = 1;
  for (const double validation : {0.1, 0.0}) {
    config.data.validation_fraction = validation;
    const std::string name = validation > 0 ? "validated" : "not";
    try {
      train(config, name);
      FAIL() << "expected an Error";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.fault(), base::Error::Fault::kRun);
      const std::string message = error.what();
      EXPECT_NE(message.find(validation > 0 ? "step 1: the validation loss is nan"
                                            : "step 1: model.embed_tokens.weight is not finite"),
                std::string::npos)
          << message;
      EXPECT_NE(message.find("step-0000000"), std::string::npos) << message;
    }
    EXPECT_FALSE(std::filesystem::exists(scratch_ / name / "checkpoints/step-0000001"));
  }
}

TEST_F(TrainerTest, SavesNoMomentThatIsNotFinite) {
  config::Config config = tiny_run_config(scratch_);
  config.training.steps = 1;
  config.training.warmup_steps = 0;
  ASSERT_EQ(train(config, "first"), Ending::kFinished);
  // Weights with large gradients. With a beta2 that no config file may have, their squares times
  // 1 - beta2 are beyond float32, and the update, which divides by their root, is 0.
  const checkpoint::Checkpoint start =
      checkpoint::open_checkpoint(scratch_ / "first/checkpoints/step-0000000");
  base::NamedArrays weights = checkpoint::read_safetensors(start.path / "model.safetensors");
  for (auto& [name, weight] : weights) {
    for (float& value : weight.values) value *= name == "model.norm.weight" ? 1000.0F : 1.0F;
  }
  const checkpoint::CheckpointFolder folder(scratch_ / "start");
  folder.save(start.config, start.tokenizer, checkpoint::saved(weights), {}, start.state);
  config.training.beta2 = -3e38;
  config.training.gradient_clip = 0;
  try {
    Trainer(config, {.out = scratch_ / "run",
                     .mode = RunMode::kNew,
                     .init = checkpoint::open_checkpoint(folder.step_path(0))})
        .run();
    FAIL() << "expected an Error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.fault(), base::Error::Fault::kRun);
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("step 1: second_moment.")) << message;
    EXPECT_NE(message.find("is not finite"), std::string::npos) << message;
    EXPECT_NE(message.find("step-0000000"), std::string::npos) << message;
  }
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "run/checkpoints/step-0000000"));
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "run/checkpoints/step-0000001"));
}

TEST_F(TrainerTest, StopsAtALossThatIsNotFinite) {
  config::Config config = tiny_run_config(scratch_);
  config.training.learning_rate = 1e30;
  config.training.gradient_clip = 0;
  config.training.validate_every = 0;
  config.checkpoints.every = 1000;
  try {
    train(config, "run");
    FAIL() << "expected an Error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.fault(), base::Error::Fault::kRun);
    const std::string message = error.what();
    EXPECT_NE(message.find("of seed 7"), std::string::npos) << message;
    EXPECT_NE(message.find("step-0000000"), std::string::npos) << message;
  }
}

TEST_F(TrainerTest, RefusesAnotherModelOrText) {
  config::Config config = tiny_run_config(scratch_);
  ASSERT_EQ(train(config, "run"), Ending::kFinished);
  config::Config other = config;
  other.model.width = 64;
  EXPECT_THROW(train(other, "run", RunMode::kResume), base::Error);
  std::ofstream(scratch_ / "text.txt", std::ios::app) << "cat sees hen\n";
  EXPECT_THROW(train(config, "run", RunMode::kResume), base::Error);
}

TEST_F(TrainerTest, GoesOnForMoreStepsThanFirstPlanned) {
  config::Config config = tiny_run_config(scratch_);
  config.training.schedule = spec::Schedule::kConstant;
  config.training.steps = 10;
  ASSERT_EQ(train(config, "run"), Ending::kFinished);
  config.training.steps = 20;
  ASSERT_EQ(train(config, "run", RunMode::kResume), Ending::kFinished);
  ASSERT_EQ(train(config, "whole"), Ending::kFinished);
  EXPECT_EQ(weights("run"), weights("whole"));
}

}  // namespace
}  // namespace qkv::train
