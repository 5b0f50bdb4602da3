#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "model/libtorch.h"
#include "train/arrays.h"
#include "train/muon.h"
#include "train/schedule.h"
#include "train/step.h"

namespace qkv::train {
namespace {

config::TrainingConfig config() {
  config::TrainingConfig training;
  training.steps = 10;
  training.warmup_steps = 2;
  training.gradient_clip = 0;
  return training;
}

/// One weight of AdamW by the formulas of Loshchilov and Hutter 2019, algorithm 2, in double.
struct Scalar {
  double weight;
  double first = 0;
  double second = 0;

  void update(double gradient, double decay, std::int64_t step, const config::TrainingConfig& c) {
    const double rate = learning_rate(c, step);
    first = c.beta1 * first + (1 - c.beta1) * gradient;
    second = c.beta2 * second + (1 - c.beta2) * gradient * gradient;
    const double mean = first / (1 - std::pow(c.beta1, static_cast<double>(step)));
    const double square = second / (1 - std::pow(c.beta2, static_cast<double>(step)));
    weight -= rate * (mean / (std::sqrt(square) + c.epsilon) + decay * weight);
  }
};

void set_gradient(const model::Tensor& weight, const std::vector<float>& values) {
  model::Tensor(weight).mutable_grad() = torch::tensor(values).view(weight.sizes());
}

/// A weight all of whose numbers start at `value`.
spec::Weight weight_of(const std::string& name, std::vector<std::int64_t> shape, double value,
                       spec::Role role) {
  return {name, std::move(shape), {spec::Initial::Kind::kConstant, value}, role};
}

model::Parameters parameters_of(std::vector<spec::Weight> weights) {
  spec::WeightList list;
  list.all = std::move(weights);
  return {std::move(list), 1, at::kFloat};
}

TEST(Optimizer, FollowsAdamwAndDecaysOnlyMatrices) {
  const model::Parameters parameters =
      parameters_of({weight_of("matrix", {1, 2}, 0.5, spec::Role::kMatrix),
                     weight_of("vector", {2}, 0.5, spec::Role::kVector)});
  const model::Tensor matrix = parameters.at(0);
  const model::Tensor vector = parameters.at(1);
  const config::TrainingConfig training = config();
  Optimizer optimizer(parameters, training);
  std::vector<Scalar> expected(4, Scalar{.weight = 0.5});
  for (std::int64_t step = 1; step <= 5; ++step) {
    const auto value = static_cast<float>(step);
    const std::vector<float> gradients = {0.1F * value, -0.3F, 0.2F, -0.05F * value};
    set_gradient(matrix, {gradients[0], gradients[1]});
    set_gradient(vector, {gradients[2], gradients[3]});
    optimizer.update(step);
    for (std::size_t place = 0; place < 4; ++place) {
      expected[place].update(gradients[place], place < 2 ? training.weight_decay : 0.0, step,
                             training);
    }
  }
  // Five updates of weights below 1, each of some roundings of 2^-24 = 6e-8 of a step of 0.01 to
  // 0.1, and one of the weight.
  for (int place = 0; place < 2; ++place) {
    EXPECT_NEAR(matrix[0][place].item<double>(), expected[static_cast<std::size_t>(place)].weight,
                1e-6);
    EXPECT_NEAR(vector[place].item<double>(), expected[static_cast<std::size_t>(place) + 2].weight,
                1e-6);
  }
}

/// U Vᵀ of the singular value decomposition, which the Newton–Schulz steps approximate.
model::Tensor nearest_orthogonal(const model::Tensor& matrix) {
  const auto [u, s, v] = at::svd(matrix.to(at::kDouble));
  return u.matmul(v.transpose(0, 1));
}

model::Tensor random_matrix(std::int64_t rows, std::int64_t columns) {
  at::Generator generator = model::keyed_generator(7, at::kCPU);
  return at::randn({rows, columns}, generator);
}

TEST(Muon, OrthogonalisesMatricesOfAnyShape) {
  for (const auto& [rows, columns] : {std::pair{8, 8}, {24, 8}, {8, 24}, {1, 5}, {5, 1}}) {
    const model::Tensor matrix = random_matrix(rows, columns);
    const model::Tensor found = orthogonalised(matrix).to(at::kDouble);
    const auto [u, s, v] = at::svd(matrix.to(at::kDouble));
    // The singular vectors stay, the singular values approach 1.
    const model::Tensor values = u.transpose(0, 1).matmul(found).matmul(v);
    // In float32, the values off the diagonal are rounding errors, which the five steps may magnify
    // like small singular values, by up to 3.4445^5 = 500: 2^-24 · 500 = 3e-5.
    EXPECT_LT((values - values.diagonal().diag()).abs().max().item<double>(), 1e-4);
    EXPECT_GT(values.diagonal().min().item<double>(), 0.6) << rows << " × " << columns;
    EXPECT_LT(values.diagonal().max().item<double>(), 1.3) << rows << " × " << columns;
  }
}

TEST(Muon, MovesMatricesOfTheLayersAndLeavesTheRestToAdamw) {
  config::TrainingConfig training = config();
  training.optimizer = spec::Optimizer::kMuon;
  training.matrix_learning_rate = 0.25;
  training.weight_decay = 0.5;
  const model::Parameters parameters =
      parameters_of({weight_of("tall", {12, 3}, 0.5, spec::Role::kMatrix),
                     weight_of("square", {3, 3}, 0.5, spec::Role::kMatrix),
                     weight_of("table", {4, 3}, 0.5, spec::Role::kTable),
                     weight_of("bias", {3}, 0.5, spec::Role::kVector)});
  const model::Tensor tall = parameters.at(0);
  const model::Tensor square = parameters.at(1);
  const model::Tensor table = parameters.at(2);
  const model::Tensor bias = parameters.at(3);
  Optimizer optimizer(parameters, training);
  Scalar expected{.weight = 0.5};
  for (const model::Tensor& weight : {tall, square}) {
    model::Tensor(weight).mutable_grad() = random_matrix(weight.size(0), weight.size(1));
  }
  for (const model::Tensor& weight : {table, bias}) {
    model::Tensor(weight).mutable_grad() = torch::full(weight.sizes(), 0.3F);
  }
  optimizer.update(1);  // of two warm-up steps: half the rate
  for (const model::Tensor& weight : {tall, square}) {
    const double scale = weight.size(0) > weight.size(1) ? 2.0 : 1.0;  // √(12 / 3)
    const model::Tensor moved = (0.5 * (1 - 0.125 * 0.5) - weight.detach()) / (0.125 * scale);
    const model::Tensor direction =
        nearest_orthogonal(random_matrix(weight.size(0), weight.size(1)));
    // Singular values between 0.7 and 1.2 instead of 1: near the right direction.
    EXPECT_GT(
        (moved * direction).sum().item<double>() / moved.norm().item<double>() / std::sqrt(3.0),
        0.97);
    EXPECT_NEAR(moved.norm().item<double>(), std::sqrt(3.0), 0.35);
  }
  expected.update(0.3F, training.weight_decay, 1, training);
  EXPECT_NEAR(table[0][0].item<double>(), expected.weight, 1e-6);
  Scalar undecayed{.weight = 0.5};
  undecayed.update(0.3F, 0, 1, training);
  EXPECT_NEAR(bias[0].item<double>(), undecayed.weight, 1e-6);
  // One moment per matrix, two for the weights that AdamW updates.
  EXPECT_EQ(optimizer.moments().size(), 6U);
}

TEST(Optimizer, ClipsTheCommonNorm) {
  const model::Parameters parameters =
      parameters_of({weight_of("matrix", {1, 2}, 0, spec::Role::kMatrix),
                     weight_of("vector", {1}, 0, spec::Role::kVector)});
  const model::Tensor matrix = parameters.at(0);
  const model::Tensor vector = parameters.at(1);
  config::TrainingConfig training = config();
  training.gradient_clip = 1.3;
  Optimizer optimizer(parameters, training);
  set_gradient(matrix, {3, 4});
  set_gradient(vector, {12});
  EXPECT_NEAR(optimizer.update(1), 13.0, 1e-6);  // √(9 + 16 + 144), whole numbers and so exact
  // After the first update, the first moment is (1 − β1) · the clipped gradient, a tenth of the
  // given one.
  EXPECT_NEAR(optimizer.moments()[0].second[0][1].item<double>(), 0.1 * 0.4, 1e-7);
  EXPECT_NEAR(optimizer.moments()[1].second[0].item<double>(), 0.1 * 1.2, 1e-7);
}

TEST(Optimizer, UpdatesNothingOnANonFiniteGradient) {
  const model::Parameters parameters =
      parameters_of({weight_of("matrix", {1, 2}, 0.5, spec::Role::kMatrix)});
  const model::Tensor matrix = parameters.at(0);
  Optimizer optimizer(parameters, config());
  set_gradient(matrix, {std::numeric_limits<float>::quiet_NaN(), 1});
  EXPECT_FALSE(std::isfinite(optimizer.update(1)));
  EXPECT_EQ(matrix[0][0].item<float>(), 0.5F);
  EXPECT_EQ(matrix[0][1].item<float>(), 0.5F);
}

TEST(LoadMoments, RefusesThoseOfAnotherModel) {
  const model::Parameters parameters =
      parameters_of({weight_of("matrix", {1, 2}, 0.5, spec::Role::kMatrix)});
  Optimizer optimizer(parameters, config());
  const model::NamedTensors moments = optimizer.moments();
  EXPECT_THROW(load_moments({}, moments, "file"), base::Error);
  EXPECT_THROW(load_moments({{"first_moment.matrix", base::Array({2, 1})},
                             {"second_moment.matrix", base::Array({1, 2})}},
                            moments, "file"),
               base::Error);
  load_moments(
      {{"first_moment.matrix", {{1, 2}, {3, 3}}}, {"second_moment.matrix", {{1, 2}, {4, 4}}}},
      moments, "file");
  EXPECT_EQ(optimizer.moments()[0].second[0][1].item<float>(), 3);
  EXPECT_EQ(optimizer.moments()[1].second[0][0].item<float>(), 4);
}

}  // namespace
}  // namespace qkv::train
