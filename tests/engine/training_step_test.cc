#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "engine/training/step.h"

namespace qkv::engine {
namespace {

constexpr std::int64_t kVocabulary = 40;
constexpr std::int64_t kRows = 5;

spec::ModelConfig small() {
  spec::ModelConfig config;
  config.layers = 2;
  config.heads = config.key_value_heads = 4;
  config.width = 32;
  config.context = 24;
  config.feed_forward.width = 48;
  config.dropout = 0.1;
  return config;
}

/// A batch and its memory.
struct Drawn {
  std::vector<std::int32_t> inputs, targets;
  TrainingBatch batch;
};

Drawn random_batch(const spec::ModelConfig& config, std::uint64_t key) {
  base::RandomStream random(key);
  Drawn drawn;
  for (std::int64_t token = 0; token < kRows * config.context; ++token) {
    drawn.inputs.push_back(static_cast<std::int32_t>(random.below(kVocabulary)));
    drawn.targets.push_back(static_cast<std::int32_t>(random.below(kVocabulary)));
  }
  drawn.batch = {.rows = kRows,
                 .context = config.context,
                 .inputs = drawn.inputs.data(),
                 .targets = drawn.targets.data()};
  return drawn;
}

struct Made {
  double nats = 0;
  double norm = 0;
  std::vector<float> gradient;
};

void set_weights(TrainingStep& step) {
  base::RandomStream random(3);
  for (std::int64_t place = 0; place < step.layout().size(); ++place)
    step.weights()[place] = static_cast<float>(random.below(2001)) * 3e-4F - 0.3F;
  step.take_weights();
}

/// −log p per token of two micro-batches.
double run_both(TrainingStep& step, const spec::ModelConfig& config) {
  const auto predicted = static_cast<std::uint64_t>(2 * kRows * config.context);
  double nats = 0;
  for (std::uint64_t micro = 0; micro < 2; ++micro)
    nats += step.run(random_batch(config, micro).batch, micro, predicted);
  return nats / static_cast<double>(predicted);
}

/// Two micro-batches through a step with this many threads, twice: once to allocate, once to be
/// read.
Made make(int threads, bool bfloat16) {
  const spec::ModelConfig config = small();
  TrainingStep step(config, kVocabulary, kRows, 7, bfloat16, threads);
  set_weights(step);
  Made made;
  for (int round = 0; round < 2; ++round) {
    made.nats = run_both(step, config);
    made.norm = step.gather();
    made.gradient.assign(step.gradient(), step.gradient() + step.layout().size());
  }
  return made;
}

TEST(TrainingStep, ItsGradientUnderDropoutIsItsLossesSlope) {
  spec::ModelConfig config = small();
  config.dropout = 0.3;
  config.feed_forward.activation = spec::Activation::kSilu;  // smooth
  TrainingStep step(config, kVocabulary, kRows, 7, /*bfloat16=*/false, 2);
  set_weights(step);
  const std::int64_t size = step.layout().size();
  run_both(step, config);
  step.gather();
  const std::vector<float> gradient(step.gradient(), step.gradient() + size);
  const std::vector<float> weights(step.weights(), step.weights() + size);
  for (const WeightLayout::Place& place : step.layout().places()) {
    SCOPED_TRACE(place.weight.name);
    double squares = 0;
    for (std::int64_t at = place.begin; at < place.begin + place.size; ++at)
      squares += std::pow(gradient[at], 2);
    const double norm = std::sqrt(squares);
    ASSERT_GT(norm, 0);
    // The same dropouts each time, since the number of the micro-batch determines them.
    const auto loss_at = [&](double distance) {
      std::copy(weights.begin(), weights.end(), step.weights());
      for (std::int64_t at = place.begin; at < place.begin + place.size; ++at)
        step.weights()[at] = static_cast<float>(weights[at] + distance * gradient[at] / norm);
      step.take_weights();
      const double loss = run_both(step, config);
      step.gather();
      return loss;
    };
    constexpr double kAway = 0.02;
    // The loss is the mean, in double, over 240 tokens with values near 4. Each has a random error
    // of some roundings of 4 in float32, about 1e-6, so the mean has an error of 1e-7, and the
    // slope has this error divided by the distance. The other term is the curvature's, on any
    // processor.
    constexpr double kRounding = 2e-5;
    EXPECT_NEAR((loss_at(kAway) - loss_at(-kAway)) / (2 * kAway), norm, 0.01 * norm + kRounding);
  }
}

class TrainingStepOf : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!TrainingStep::supports(small(), GetParam())) GTEST_SKIP() << "not on this processor";
  }
};

TEST_P(TrainingStepOf, AsManyThreadsGiveTheSameBits) {
  for (const int threads : {2, 3}) {
    const Made first = make(threads, GetParam());
    const Made second = make(threads, GetParam());
    EXPECT_EQ(first.nats, second.nats);
    EXPECT_EQ(first.norm, second.norm);
    EXPECT_EQ(first.gradient, second.gradient);
  }
}

TEST_P(TrainingStepOf, ManyThreadsGiveTheGradientOfOne) {
  const Made one = make(1, GetParam());
  ASSERT_GT(one.norm, 0.01);
  EXPECT_GT(one.nats, 0);
  for (const int threads : {2, 3, 5, 9}) {  // the last: more than rows
    const Made many = make(threads, GetParam());
    // Each token's loss is the same; the threads' parts are added up in another order.
    EXPECT_NEAR(many.nats, one.nats, 1e-6 * one.nats);
    double difference = 0;
    for (std::size_t place = 0; place < one.gradient.size(); ++place)
      difference += std::pow(many.gradient[place] - one.gradient[place], 2);
    // The computation for a token does not depend on the threads. Sums over the 240 tokens are in
    // float32 in both precisions, in another order: the error of each may be √240 · 2^-24 = 9e-7.
    EXPECT_LT(std::sqrt(difference), 1e-5 * one.norm) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Precision, TrainingStepOf, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Bfloat16" : "Float32"; });

}  // namespace
}  // namespace qkv::engine
