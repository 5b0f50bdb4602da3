// The optimizer's update by fused kernels beside the same by libtorch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "fused/step.h"
#include "model/libtorch.h"
#include "train/fused_training.h"
#include "train/optimizer.h"

namespace qkv {
namespace {

constexpr std::int64_t kVocabulary = 600;

/// Matrices that are tall, wide and square.
Config small(const char* optimizer, const char* precision) {
  Config config;
  config.model.layers = 2;
  config.model.heads = 4;
  config.model.key_value_heads = 2;
  config.model.width = 32;
  config.model.context = 8;
  config.model.feed_forward.width = 48;
  config.model.bias = true;
  config.model.tied_embeddings = false;
  config.training.optimizer = optimizer;
  config.training.batch_size = 3;
  config.training.steps = 10;
  config.training.warmup_steps = 2;
  config.training.learning_rate = 0.01;
  config.training.gradient_clip = 0.1;  // which the gradients exceed
  config.runtime = {.device = "cpu", .precision = precision, .threads = 2, .kernels = "fused"};
  return config;
}

Batch counted_batch(const Config& config, std::int64_t step) {
  Batch batch;
  batch.rows = config.training.batch_size;
  batch.context = config.model.context;
  for (std::int64_t place = 0; place < batch.rows * batch.context; ++place) {
    batch.inputs.push_back(static_cast<std::int32_t>((place * 7 + step * 13) % kVocabulary));
    batch.targets.push_back(static_cast<std::int32_t>((place * 11 + step * 5) % kVocabulary));
  }
  return batch;
}

/// The largest difference of a weight's movement from libtorch's, relative to the movement's norm,
/// after four steps with the same gradients.
double away_from_libtorch(const Config& config) {
  const Runtime runtime = set_up_runtime(config.runtime);
  const auto ours = make_model(config.model, kVocabulary, 5);
  const auto theirs = make_model(config.model, kVocabulary, 5);
  const auto fused = fused_training(*ours, config, runtime);
  if (fused == nullptr) throw std::logic_error("no fused kernels");
  Optimizer by_kernels(ours->parameters(), config.training, fused.get());
  Optimizer by_libtorch(theirs->parameters(), config.training);
  std::vector<Tensor> before;
  for (const auto& [name, weight] : theirs->parameters().list())
    before.push_back(weight.detach().clone());
  for (std::int64_t step = 1; step <= 4; ++step) {
    const Batch batch = counted_batch(config, step);
    fused->make({batch}, static_cast<std::uint64_t>(step), predicted_in(batch));
    for (std::size_t place = 0; place < before.size(); ++place)
      theirs->parameters().list()[place].second.mutable_grad() =
          ours->parameters().list()[place].second.grad().clone();
    const double norm = by_kernels.update(step);
    EXPECT_GT(norm, config.training.gradient_clip);
    EXPECT_NEAR(by_libtorch.update(step), norm, 1e-5 * norm);
  }
  double worst = 0;
  for (std::size_t place = 0; place < before.size(); ++place) {
    const auto& [name, weight] = theirs->parameters().list()[place];
    const Tensor expected = weight.detach() - before[place];
    const Tensor found = ours->parameters().list()[place].second.detach() - before[place];
    const double moved = expected.norm().item<double>();
    EXPECT_GT(moved, 0) << name;
    const double away = (found - expected).norm().item<double>() / moved;
    if (std::isnan(away)) return away;
    worst = std::max(worst, away);
  }
  return worst;
}

TEST(FusedUpdate, OfAdamwIsLibtorchs) {
  EXPECT_LT(away_from_libtorch(small("adamw", "float32")), 1e-5);
}

TEST(FusedUpdate, OfMuonIsLibtorchs) {
  EXPECT_LT(away_from_libtorch(small("muon", "float32")), 1e-5);
}

TEST(FusedUpdate, OfMuonInBfloat16IsNearLibtorchsInFloat32) {
  if (!FusedStep::supports(small("muon", "bfloat16").model, /*bfloat16=*/true))
    GTEST_SKIP() << "not on this processor";
  EXPECT_LT(away_from_libtorch(small("muon", "bfloat16")), 0.02);
}

}  // namespace
}  // namespace qkv
