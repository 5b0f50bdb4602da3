#include <gtest/gtest.h>

#include "model/libtorch.h"
#include "support.h"

namespace qkv::model {
namespace {

/// Shares below may be five standard deviations off; seeds are fixed, so they are the same
/// anywhere.
constexpr std::int64_t kCount = 200'000;

TEST(Dropout, DropsTheShareItSaysAndKeepsTheMean) {
  const Tensor x = torch::ones({4, kCount / 4}, at::kDouble);
  for (const double probability : {0.1, 0.5, 0.9}) {
    const Tensor y = Dropout(probability, 1, 2)(x, 0);
    const double kept = (y != 0).to(at::kDouble).mean().item<double>();
    const double deviation = std::sqrt(probability * (1 - probability) / kCount);
    EXPECT_NEAR(kept, 1 - probability, 5 * deviation);
    EXPECT_NEAR(y.mean().item<double>(), 1, 5 * deviation / (1 - probability));
    EXPECT_NEAR(y.max().item<double>(), 1 / (1 - probability), 1e-12);
  }
}

TEST(Dropout, IsAFunctionOfSeedStepAndPlace) {
  const Tensor x = torch::ones({4, kCount / 4});
  const Tensor y = Dropout(0.5, 1, 2)(x, 3);
  EXPECT_TRUE(y.equal(Dropout(0.5, 1, 2)(x, 3)));
  // An unrelated mask agrees in half of all positions.
  for (const Tensor& other : {Dropout(0.5, 9, 2)(x, 3), Dropout(0.5, 1, 9)(x, 3),
                              Dropout(0.5, 1, 2)(x, 9), Dropout(0.5, 2, 1)(x, 3)}) {
    EXPECT_NEAR((y == other).to(at::kDouble).mean().item<double>(), 0.5,
                5 * 0.5 / std::sqrt(kCount));
  }
}

TEST(Dropout, DropsOfARowWhatItDropsOfItInTheWholeBatch) {
  const Tensor x = torch::ones({6, 5, 50});
  const Tensor whole = Dropout(0.5, 1, 2)(x, 3);
  for (const std::int64_t rows : {1, 2, 3}) {
    for (std::int64_t first = 0; first < 6; first += rows) {
      const Tensor part = Dropout(0.5, 1, 2, first)(x.slice(0, first, first + rows), 3);
      EXPECT_TRUE(part.equal(whole.slice(0, first, first + rows))) << first;
    }
  }
  EXPECT_FALSE(whole[0].equal(whole[1]));
}

TEST(Dropout, InOrderIsAFunctionOfTheDevicesSeed) {
  const Tensor x = torch::ones({kCount});
  const Dropout dropout = Dropout::in_order(0.5);
  seed_device(7, at::kCPU);
  const Tensor first = dropout(x, 0);
  const Tensor second = dropout(x, 0);
  EXPECT_NEAR(first.mean().item<double>(), 1, 5 / std::sqrt(kCount));
  EXPECT_FALSE(first.equal(second));
  seed_device(7, at::kCPU);
  EXPECT_TRUE(dropout(x, 0).equal(first));
}

TEST(Dropout, GradientPassesWhereTheValueDid) {
  const Tensor x = torch::ones({100}, at::kDouble).requires_grad_();
  const Tensor y = Dropout(0.3, 1, 2)(x, 0);
  y.sum().backward();
  EXPECT_TRUE(x.grad().equal(y.detach()));
}

TEST(Dropout, OfWeightsIsAFunctionOfWhereADocumentStands) {
  const auto ones = [](std::int64_t rows, std::int64_t tokens) {
    return torch::ones({rows, 2, tokens, tokens}, at::kDouble);
  };
  const Dropout dropout(0.25, 5, 6);
  const Tensor rows = dropout.of_weights(ones(2, 50), 1, {});
  const double kept = (rows != 0).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(kept, 0.75, 5 * std::sqrt(0.75 * 0.25 / 10'000));
  EXPECT_EQ(rows.max().item<double>(), 1 / 0.75);
  EXPECT_FALSE(rows[0].equal(rows[1]));
  EXPECT_FALSE(rows[0][0].equal(rows[0][1]));
  EXPECT_FALSE(rows.equal(dropout.of_weights(ones(2, 50), 2, {})));

  // Side by side in one row, and in two.
  const Tensor numbers = (torch::arange(100) >= 50).to(at::kLong).unsqueeze(0);
  const Tensor packed = dropout.of_weights(ones(1, 100), 1, numbers)[0];
  EXPECT_TRUE(packed.narrow(1, 0, 50).narrow(2, 0, 50).equal(rows[0]));
  EXPECT_TRUE(packed.narrow(1, 50, 50).narrow(2, 50, 50).equal(rows[1]));
  EXPECT_EQ(packed.narrow(1, 0, 50).narrow(2, 50, 50).abs().max().item<double>(), 0);
}

TEST(Dropout, OfNothingIsNothing) {
  const Tensor x = tests::random_tensor({10}, 1);
  EXPECT_TRUE(Dropout()(x, 0).equal(x));
  EXPECT_TRUE(Dropout(0, 1, 1)(x, 0).equal(x));
}

TEST(Dropout, StandsAfterTheEmbeddingOnWeightsAndOnBothOutputs) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.layers = 1;
  const Transformer model(config, 7, 1, at::kDouble);
  tests::randomise(model.parameters(), 1);
  const Dropout dropout(0.4, 5, 6);
  tests::Record seen;
  const Pass pass{.taps = &seen, .dropout = dropout};
  tests::logits_of(model, {1, 2, 3, 4}, pass);
  const auto at = [&](const char* name) { return seen.values.at(name); };
  const auto same = [](const Tensor& a, const Tensor& b) {
    return tests::largest_difference(a, b) < 1e-12;
  };

  EXPECT_TRUE(same(at("layers.0.input"), dropout(at("embedding"), 0)));
  EXPECT_TRUE(same(at("layers.0.attention.mixed"),
                   at::matmul(dropout.of_weights(at("layers.0.attention.weights"), 1, {}),
                              at("layers.0.attention.value"))));
  EXPECT_TRUE(same(at("layers.0.middle"),
                   at("layers.0.input") + dropout(at("layers.0.attention.output"), 2)));
  EXPECT_TRUE(same(at("layers.0.output"),
                   at("layers.0.middle") + dropout(at("layers.0.feed_forward.output"), 3)));
}

TEST(Dropout, NoTwoPlacesOfAPassAreTheSame) {
  std::map<std::uint64_t, int> places = {{0, 1}};
  for (std::int64_t layer = 0; layer < 5; ++layer) {
    for (std::uint64_t which = 0; which < 3; ++which) ++places[base::dropout_place(layer, which)];
  }
  EXPECT_EQ(places.size(), 16U);
}

}  // namespace
}  // namespace qkv::model
