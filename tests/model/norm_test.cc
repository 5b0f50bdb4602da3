#include "model/norm.h"

#include <gtest/gtest.h>

#include "support.h"

namespace qkv::model {
namespace {

Norm make_norm(const std::string& kind, double epsilon, Parameters& parameters) {
  config::ModelConfig config = testing::tiny_model_config();
  config.width = 4;
  config.norm = kind;
  config.norm_epsilon = epsilon;
  return {parameters, "norm", config};
}

const Tensor& example() {
  static const Tensor x = torch::tensor({1.0, 2.0, 3.0, 6.0}, at::kDouble);
  return x;
}

TEST(Norm, LayerTakesMeanAndDeviationAway) {
  Parameters parameters(1, at::kDouble);
  const Norm norm = make_norm("layer", 0.5, parameters);
  // mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5, so each distance from 3 is divided by √(3.5 + 0.5)
  // = 2
  EXPECT_LT(testing::largest_difference(norm(example()),
                                        torch::tensor({-1.0, -0.5, 0.0, 1.5}, at::kDouble)),
            1e-15);
}

TEST(Norm, LayerScalesAndShiftsEachPlace) {
  Parameters parameters(1, at::kDouble);
  const Norm norm = make_norm("layer", 0.5, parameters);
  const torch::NoGradGuard no_gradients;
  ASSERT_EQ(parameters.list().size(), 2U);
  parameters.list()[0].second.copy_(torch::tensor({1.0, 2.0, 3.0, 4.0}));
  parameters.list()[1].second.copy_(torch::tensor({0.5, 0.0, -1.0, 10.0}));
  EXPECT_LT(testing::largest_difference(norm(example()),
                                        torch::tensor({-0.5, -1.0, -1.0, 16.0}, at::kDouble)),
            1e-15);
}

TEST(Norm, RmsDividesByTheRootMeanSquareAlone) {
  Parameters parameters(1, at::kDouble);
  const Norm norm = make_norm("rms", 3.5, parameters);
  const torch::NoGradGuard no_gradients;
  ASSERT_EQ(parameters.list().size(), 1U);
  parameters.list()[0].second.copy_(torch::tensor({1.0, 1.0, 2.0, 1.0}));
  // mean square (1 + 4 + 9 + 36) / 4 = 12.5, so each is divided by √(12.5 + 3.5) = 4
  EXPECT_LT(testing::largest_difference(norm(example()),
                                        torch::tensor({0.25, 0.5, 1.5, 1.5}, at::kDouble)),
            1e-15);
}

TEST(Norm, TreatsEachTokenByItself) {
  for (const char* kind : {"layer", "rms"}) {
    Parameters parameters(1, at::kDouble);
    const Norm norm = make_norm(kind, 1e-5, parameters);
    const Tensor x = testing::random_tensor({2, 3, 4}, 5);
    const torch::NoGradGuard no_gradients;
    EXPECT_LT(testing::largest_difference(norm(x)[1][2], norm(x[1][2])), 1e-15) << kind;
  }
}

}  // namespace
}  // namespace qkv::model
