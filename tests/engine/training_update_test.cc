#include <gtest/gtest.h>

#include <cstdint>

#include "base/random.h"
#include "engine/training/update.h"
#include "kernels/product.h"

namespace qkv::engine {
namespace {

/// Tall, wide and square matrices, and a table larger than the part that a thread updates at a
/// time.
spec::ModelConfig model() {
  spec::ModelConfig model;
  model.layers = 3;
  model.heads = 4;
  model.key_value_heads = 2;
  model.width = 32;
  model.feed_forward.width = 48;
  return model;
}

std::vector<float> random_numbers(std::int64_t count, std::uint64_t key) {
  base::RandomStream random(key);
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) number = static_cast<float>(random.uniform() - 0.5);
  return numbers;
}

/// The weights after some updates with this many threads.
std::vector<float> updated(const spec::TrainingConfig& training, bool bfloat16, int threads) {
  const WeightLayout layout(model(), /*vocabulary=*/600);
  base::Team team(threads);
  TrainingUpdate update(layout, training, bfloat16, team);
  std::vector<float> weights = random_numbers(layout.size(), 1);
  for (std::int64_t step = 1; step <= 3; ++step) {
    const std::vector<float> gradient =
        random_numbers(layout.size(), 1 + static_cast<std::uint64_t>(step));
    update.update(step, 0.01, 0.5, gradient.data(), weights.data());
  }
  return weights;
}

TEST(TrainingUpdate, DoesNotDependOnTheNumberOfThreads) {
  for (const spec::Optimizer optimizer : spec::all<spec::Optimizer>()) {
    for (const bool bfloat16 : {false, true}) {
      if (bfloat16 && !kernels::Products::has_bfloat16()) continue;
      spec::TrainingConfig training;
      training.optimizer = optimizer;
      const std::vector<float> alone = updated(training, bfloat16, 1);
      EXPECT_NE(alone, random_numbers(static_cast<std::int64_t>(alone.size()), 1));
      for (const int threads : {2, 3, 7})
        EXPECT_EQ(updated(training, bfloat16, threads), alone)
            << optimizer << ", " << threads << " threads, bfloat16 " << bfloat16;
    }
  }
}

}  // namespace
}  // namespace qkv::engine
