// The optimizer's update by fused kernels, compared with the same by libtorch.
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/training/step.h"
#include "model/libtorch.h"
#include "rounding.h"
#include "train/either_step.h"
#include "train/optimizer.h"

namespace qkv::train {
namespace {

constexpr std::int64_t kUpdatedPieces = 600;

/// Matrices that are tall, wide and square.
config::Config every_shape(spec::Optimizer optimizer, spec::Precision precision) {
  config::Config config;
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
  config.runtime = {.device = spec::Device::kCpu,
                    .precision = precision,
                    .threads = 2,
                    .kernels = spec::Kernels::kFused};
  return config;
}

/// How far a weight's movement by kernels and by libtorch in float32 is from libtorch's in double,
/// relative to the movement's norm.
struct Errors {
  std::string name;
  double by_kernels;
  double by_libtorch;
};

/// For all weights after four steps with the same gradients.
std::vector<Errors> errors_of(const config::Config& config) {
  const model::Runtime runtime = model::set_up_runtime(config.runtime);
  const auto ours = model::make_model(config.model, kUpdatedPieces, 5);
  const auto theirs = model::make_model(config.model, kUpdatedPieces, 5);
  const auto exact = model::make_model(config.model, kUpdatedPieces, 5, at::kDouble);
  if (!KernelStep::supports(config, runtime)) throw std::logic_error("no fused kernels");
  KernelStep by_kernels(*ours, config, runtime);
  const auto& weights = ours->parameters().list();
  {
    const torch::NoGradGuard no_gradients;
    for (std::size_t place = 0; place < weights.size(); ++place)
      exact->parameters().list()[place].second.copy_(weights[place].second);
  }
  Optimizer by_libtorch(theirs->parameters(), config.training);
  Optimizer in_double(exact->parameters(), config.training);
  std::vector<model::Tensor> before;
  for (const auto& [name, weight] : exact->parameters().list())
    before.push_back(weight.detach().clone());
  for (std::int64_t step = 1; step <= 4; ++step) {
    by_kernels.gradient(tests::step_batch({tests::counted_batch(config, kUpdatedPieces, step)}),
                        step + 1);
    for (std::size_t place = 0; place < before.size(); ++place) {
      const model::Tensor gradient = weights[place].second.grad();
      theirs->parameters().list()[place].second.mutable_grad() = gradient.clone();
      exact->parameters().list()[place].second.mutable_grad() = gradient.to(at::kDouble);
    }
    const double norm = in_double.update(step);
    EXPECT_GT(norm, config.training.gradient_clip);
    tests::expect_rounding_alone(std::abs(by_kernels.update(step) - norm),
                                 std::abs(by_libtorch.update(step) - norm),
                                 tests::rounding(kUpdatedPieces * 32) * norm, "norm");
  }
  std::vector<Errors> errors;
  for (std::size_t place = 0; place < before.size(); ++place) {
    const auto& [name, weight] = exact->parameters().list()[place];
    const model::Tensor moved = weight.detach() - before[place];
    const double size = moved.norm().item<double>();
    EXPECT_GT(size, 0) << name;
    const auto error = [&](const model::Model& model) {
      const model::Tensor found = model.parameters().list()[place].second.detach() - before[place];
      return (found - moved).norm().item<double>() / size;
    };
    errors.push_back({name, error(*ours), error(*theirs)});
  }
  return errors;
}

void expect_rounding_alone(const config::Config& config) {
  // Some operations per number. Also, a weight near 0.1 is rounded after it moved by about 0.01.
  constexpr double kFloor = 16 * tests::kFloat32;
  for (const Errors& errors : errors_of(config))
    tests::expect_rounding_alone(errors.by_kernels, errors.by_libtorch, kFloor, errors.name);
}

TEST(FusedUpdate, OfAdamwIsLibtorchs) {
  expect_rounding_alone(every_shape(spec::Optimizer::kAdamw, spec::Precision::kFloat32));
}

TEST(FusedUpdate, OfMuonIsLibtorchs) {
  expect_rounding_alone(every_shape(spec::Optimizer::kMuon, spec::Precision::kFloat32));
}

TEST(FusedUpdate, OfMuonInBfloat16IsNearLibtorchsInFloat32) {
  if (!engine::TrainingStep::supports(
          every_shape(spec::Optimizer::kMuon, spec::Precision::kBfloat16).model,
          /*bfloat16=*/true))
    GTEST_SKIP() << "not on this processor";
  // The five Newton–Schulz steps turn any singular values into values of about 1, so each step
  // removes the rounding of the steps before: about five roundings remain.
  for (const Errors& errors :
       errors_of(every_shape(spec::Optimizer::kMuon, spec::Precision::kBfloat16)))
    EXPECT_LT(errors.by_kernels, 0.02) << errors.name;
}

}  // namespace
}  // namespace qkv::train
