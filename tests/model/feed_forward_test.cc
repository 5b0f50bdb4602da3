#include "model/feed_forward.h"

#include <gtest/gtest.h>

#include "support.h"

namespace qkv::model {
namespace {

/// A feed-forward layer of one number whose up and down are ×1 and whose gate is ×`gate`.
double activated(spec::Activation activation, double x, double gate = 1) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.heads = config.key_value_heads = config.width = config.feed_forward.width = 1;
  config.feed_forward.activation = activation;
  config.bias = false;
  const Parameters parameters = tests::parameters_of(config);
  const FeedForward layer(parameters, parameters.weights().layers[0], config);
  const torch::NoGradGuard no_gradients;
  for (const auto& [name, weight] : parameters.list())
    weight.fill_(name.ends_with("mlp.gate_proj.weight") ? gate : 1);
  return layer(torch::full({1, 1, 1}, x, at::kDouble), {}, "").item<double>();
}

TEST(FeedForward, GeluIsTheExactOne) {
  // x · Φ(x), with Φ from a table of the normal distribution; the tanh approximation gives 0.84119.
  EXPECT_NEAR(activated(spec::Activation::kGelu, 1), 0.8413447460685429, 1e-14);
  EXPECT_NEAR(activated(spec::Activation::kGelu, -1), -0.1586552539314571, 1e-14);
  EXPECT_NEAR(activated(spec::Activation::kGelu, 2), 2 * 0.9772498680518208, 1e-14);
  EXPECT_EQ(activated(spec::Activation::kGelu, 0), 0);
}

TEST(FeedForward, ReluAndItsSquare) {
  EXPECT_EQ(activated(spec::Activation::kRelu, 3), 3);
  EXPECT_EQ(activated(spec::Activation::kRelu, -3), 0);
  EXPECT_EQ(activated(spec::Activation::kRelu2, 3), 9);
  EXPECT_EQ(activated(spec::Activation::kRelu2, -3), 0);
}

TEST(FeedForward, Silu) {
  EXPECT_NEAR(activated(spec::Activation::kSilu, std::log(3.0)), std::log(3.0) * 0.75,
              1e-15);  // sigmoid(ln 3) = 3/4
  EXPECT_NEAR(activated(spec::Activation::kSilu, -std::log(3.0)), -std::log(3.0) * 0.25, 1e-15);
}

TEST(FeedForward, SwigluGatesBySilu) {
  // silu(gate · x) · x with gate · x = ln 3 and x = 2
  EXPECT_NEAR(activated(spec::Activation::kSwiglu, 2, std::log(3.0) / 2), std::log(3.0) * 0.75 * 2,
              1e-14);
}

TEST(FeedForward, TreatsEachTokenByItself) {
  const spec::ModelConfig config = tests::tiny_model_config();
  const Parameters parameters = tests::parameters_of(config);
  const FeedForward layer(parameters, parameters.weights().layers[0], config);
  const Tensor x = tests::random_tensor({1, 3, 8}, 5);
  const torch::NoGradGuard no_gradients;
  EXPECT_LT(
      tests::largest_difference(layer(x, {}, "").narrow(1, 1, 1), layer(x.narrow(1, 1, 1), {}, "")),
      1e-15);
}

}  // namespace
}  // namespace qkv::model
