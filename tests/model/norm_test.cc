#include "model/norm.h"

#include <gtest/gtest.h>

#include "support.h"

namespace qkv::model {
namespace {

/// The last norm of a model of width 4, with its weights.
struct Made {
  Made(spec::Norm kind, double epsilon)
      : config(config_of(kind, epsilon)),
        parameters(tests::parameters_of(config)),
        weights(tests::weights_of(parameters, "model.norm")),
        norm(parameters, parameters.weights().norm, config) {}

  static spec::ModelConfig config_of(spec::Norm kind, double epsilon) {
    spec::ModelConfig config = tests::tiny_model_config();
    config.width = 4;
    config.norm = kind;
    config.norm_epsilon = epsilon;
    return config;
  }

  spec::ModelConfig config;
  Parameters parameters;
  std::vector<std::pair<std::string, Tensor>> weights;
  Norm norm;
};

const Tensor& example() {
  static const Tensor x = torch::tensor({1.0, 2.0, 3.0, 6.0}, at::kDouble);
  return x;
}

TEST(Norm, LayerTakesMeanAndDeviationAway) {
  const Made made(spec::Norm::kLayer, 0.5);
  // mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5, so each distance from 3 is divided by √(3.5 + 0.5)
  // = 2
  EXPECT_LT(tests::largest_difference(made.norm(example()),
                                      torch::tensor({-1.0, -0.5, 0.0, 1.5}, at::kDouble)),
            1e-15);
}

TEST(Norm, LayerScalesAndShiftsEachPlace) {
  const Made made(spec::Norm::kLayer, 0.5);
  const torch::NoGradGuard no_gradients;
  ASSERT_EQ(made.weights.size(), 2U);
  made.weights[0].second.copy_(torch::tensor({1.0, 2.0, 3.0, 4.0}));
  made.weights[1].second.copy_(torch::tensor({0.5, 0.0, -1.0, 10.0}));
  EXPECT_LT(tests::largest_difference(made.norm(example()),
                                      torch::tensor({-0.5, -1.0, -1.0, 16.0}, at::kDouble)),
            1e-15);
}

TEST(Norm, RmsDividesByTheRootMeanSquareAlone) {
  const Made made(spec::Norm::kRms, 3.5);
  const torch::NoGradGuard no_gradients;
  ASSERT_EQ(made.weights.size(), 1U);
  made.weights[0].second.copy_(torch::tensor({1.0, 1.0, 2.0, 1.0}));
  // mean square (1 + 4 + 9 + 36) / 4 = 12.5, so each is divided by √(12.5 + 3.5) = 4
  EXPECT_LT(tests::largest_difference(made.norm(example()),
                                      torch::tensor({0.25, 0.5, 1.5, 1.5}, at::kDouble)),
            1e-15);
}

TEST(Norm, TreatsEachTokenByItself) {
  for (const spec::Norm kind : spec::all<spec::Norm>()) {
    const Made made(kind, 1e-5);
    const Tensor x = tests::random_tensor({2, 3, 4}, 5);
    const torch::NoGradGuard no_gradients;
    EXPECT_LT(tests::largest_difference(made.norm(x)[1][2], made.norm(x[1][2])), 1e-15) << kind;
  }
}

}  // namespace
}  // namespace qkv::model
