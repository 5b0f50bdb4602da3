#include "model/position.h"

#include <gtest/gtest.h>

#include "support.h"

namespace qkv::model {
namespace {

spec::ModelConfig config_of(spec::Position kind) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.position = kind;
  return config;
}

Position position_of(const spec::ModelConfig& config) {
  return {tests::parameters_of(config), config};
}

const Tensor& places() {
  static const Tensor positions = torch::tensor({0, 1, 5}, at::kLong).unsqueeze(0);
  return positions;
}

TEST(Position, SinusoidalInterleavesSineAndCosine) {
  const Tensor added = position_of(config_of(spec::Position::kSinusoidal)).added(places());
  ASSERT_EQ(shape_text(added.sizes()), "[1, 3, 8]");
  // Width 8: the angles of position p are p, p/10, p/100 and p/1000.
  for (std::int64_t token = 0; token < 3; ++token) {
    const double place = token == 2 ? 5 : static_cast<double>(token);
    for (std::int64_t pair = 0; pair < 4; ++pair) {
      const double angle = place * std::pow(0.1, pair);
      EXPECT_NEAR(added[0][token][2 * pair].item<double>(), std::sin(angle), 1e-14);
      EXPECT_NEAR(added[0][token][2 * pair + 1].item<double>(), std::cos(angle), 1e-14);
    }
  }
}

TEST(Position, SinusoidalFitsAnOddWidth) {
  spec::ModelConfig config = config_of(spec::Position::kSinusoidal);
  config.heads = config.key_value_heads = 1;
  config.width = 3;
  const Tensor added = position_of(config).added(places());
  ASSERT_EQ(shape_text(added.sizes()), "[1, 3, 3]");
  EXPECT_NEAR(added[0][1][2].item<double>(), std::sin(std::pow(10000.0, -2.0 / 3.0)), 1e-15);
}

TEST(Position, LearnedIsARowOfItsTable) {
  const spec::ModelConfig config = config_of(spec::Position::kLearned);
  const Parameters parameters = tests::parameters_of(config);
  const Tensor added = Position(parameters, config).added(places());
  EXPECT_TRUE(torch::equal(added[0][2], parameters.at(parameters.weights().positions)[5]));
}

TEST(Position, RotaryTurnsPairsOfTheTwoHalves) {
  spec::ModelConfig config = config_of(spec::Position::kRotary);
  config.heads = config.key_value_heads = 1;
  config.width = 4;
  config.rotary_base = 100;
  const Position position = position_of(config);
  const Tensor x = torch::tensor({1.0, 2.0, 3.0, 4.0}, at::kDouble).expand({1, 1, 3, 4});
  const Tensor turned = position.rotate(x, places());
  // Values 0 and 2 are one point, 1 and 3 the other; angles per position 1 and 1/√100.
  EXPECT_LT(tests::largest_difference(turned[0][0][0], x[0][0][0]), 1e-15);
  EXPECT_NEAR(turned[0][0][2][0].item<double>(), 1 * std::cos(5.0) - 3 * std::sin(5.0), 1e-14);
  EXPECT_NEAR(turned[0][0][2][2].item<double>(), 1 * std::sin(5.0) + 3 * std::cos(5.0), 1e-14);
  EXPECT_NEAR(turned[0][0][2][1].item<double>(), 2 * std::cos(0.5) - 4 * std::sin(0.5), 1e-14);
  EXPECT_NEAR(turned[0][0][2][3].item<double>(), 2 * std::sin(0.5) + 4 * std::cos(0.5), 1e-14);
}

TEST(Position, RotaryProductsDependOnDistanceAlone) {
  const Position position = position_of(config_of(spec::Position::kRotary));
  const Tensor query = tests::random_tensor({1, 1, 1, 2}, 1);
  const Tensor key = tests::random_tensor({1, 1, 1, 2}, 2);
  const auto product = [&](std::int64_t q, std::int64_t k) {
    const Tensor a = position.rotate(query, torch::full({1, 1}, q, at::kLong));
    const Tensor b = position.rotate(key, torch::full({1, 1}, k, at::kLong));
    return (a * b).sum().item<double>();
  };
  EXPECT_NEAR(product(3, 1), product(5, 3), 1e-14);
  EXPECT_GT(std::abs(product(3, 1) - product(1, 3)), 1e-3);
}

TEST(Position, AlibiFallsWithDistanceByTheHeadsSlope) {
  // 4 heads: slopes 1/4, 1/16, 1/64, 1/256
  const Position position = position_of(config_of(spec::Position::kAlibi));
  const Tensor bias = position.bias(5);
  ASSERT_EQ(shape_text(bias.sizes()), "[4, 5, 5]");
  for (std::int64_t head = 0; head < 4; ++head) {
    for (std::int64_t query = 0; query < 5; ++query) {
      for (std::int64_t key = 0; key < 5; ++key) {
        const double distance = std::abs(static_cast<double>(query - key));
        EXPECT_DOUBLE_EQ(bias[head][query][key].item<double>(),
                         -std::pow(0.25, head + 1) * distance);
      }
    }
  }
}

TEST(Position, AlibiSlopesOfHeadsThatAreNoPowerOfTwo) {
  spec::ModelConfig config = config_of(spec::Position::kAlibi);
  config.heads = config.key_value_heads = 3;
  config.width = 6;
  const Tensor bias = position_of(config).bias(2);
  EXPECT_NEAR(bias[0][0][1].item<double>(), -std::exp2(-8.0 / 3.0), 1e-15);
  EXPECT_NEAR(bias[1][1][0].item<double>(), -std::exp2(-16.0 / 3.0), 1e-15);
  EXPECT_NEAR(bias[2][1][0].item<double>(), -std::exp2(-8.0), 1e-15);
}

TEST(Position, EachKindDoesItsOwnPartOnly) {
  const Tensor x = tests::random_tensor({1, 4, 3, 2}, 1);
  for (const spec::Position kind : spec::all<spec::Position>()) {
    const Position position = position_of(config_of(kind));
    EXPECT_EQ(position.added(places()).defined(),
              kind == spec::Position::kSinusoidal || kind == spec::Position::kLearned)
        << kind;
    EXPECT_EQ(position.rotate(x, places()).equal(x), kind != spec::Position::kRotary) << kind;
    EXPECT_EQ(position.bias(3).defined(), kind == spec::Position::kAlibi) << kind;
  }
}

}  // namespace
}  // namespace qkv::model
