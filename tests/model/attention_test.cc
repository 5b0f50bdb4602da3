#include "model/attention.h"

#include <gtest/gtest.h>

#include <limits>

#include "support.h"

namespace qkv::model {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Rows of a mask as text: '.' open, 'x' closed.
std::vector<std::string> rows_of(const Mask& mask, std::int64_t queries, std::int64_t keys) {
  std::vector<std::string> rows;
  for (std::int64_t query = 0; query < queries; ++query) {
    rows.emplace_back();
    for (std::int64_t key = 0; key < keys; ++key) {
      rows.back() +=
          mask.closed.defined() && mask.closed[0][0][query][key].item<bool>() ? 'x' : '.';
    }
  }
  return rows;
}

TEST(Mask, CausalLooksBackOnly) {
  using Rows = std::vector<std::string>;
  EXPECT_EQ(rows_of(make_mask(true, 3, {}, at::kCPU), 3, 3), (Rows{".xx", "..x", "..."}));
  EXPECT_EQ(rows_of(make_mask(false, 2, {}, at::kCPU), 2, 2), (Rows{"..", ".."}));
}

TEST(Mask, NoTokenLooksIntoAnotherDocument) {
  using Rows = std::vector<std::string>;
  const Tensor documents = tests::token_ids({0, 0, 1, 1, -1});  // −1 is padding
  EXPECT_EQ(rows_of(make_mask(true, 5, documents, at::kCPU), 5, 5),
            (Rows{".xxxx", "..xxx", "xx.xx", "xx..x", "xxxx."}));
  EXPECT_EQ(rows_of(make_mask(false, 5, documents, at::kCPU), 5, 5),
            (Rows{"..xxx", "..xxx", "xx..x", "xx..x", "xxxx."}));
}

struct Seen {
  tests::Record taps;
  std::vector<std::pair<std::string, Tensor>> weights;  ///< of attention
  Tensor x = tests::random_tensor({1, 5, 8}, 7);
  Tensor output;

  Tensor operator[](const char* name) const { return taps.values.at(name); }
};

/// One pass of an attention layer over five tokens, with all its taps.
void run(const spec::ModelConfig& config, Seen& seen) {
  const torch::NoGradGuard no_gradients;
  const Parameters parameters = tests::parameters_of(config);
  const Position position(parameters, config);
  const Attention attention(parameters, parameters.weights().layers[0], config, 0);
  tests::randomise(parameters, 3);
  seen.weights = tests::weights_of(parameters, "layers.0.self_attn");
  const Tensor places = tests::token_ids({0, 1, 2, 3, 4});
  const Pass pass{.taps = &seen.taps, .dropout = {}};
  Tensor first_value;
  seen.output = attention(seen.x, places, position, make_mask(config.causal(), 5, {}, at::kCPU),
                          pass, "", first_value);
}

TEST(Attention, DividesScoresByTheRootOfTheHeadWidth) {
  for (const bool scaled : {true, false}) {
    spec::ModelConfig config = tests::tiny_model_config();
    config.heads = config.key_value_heads = 2;  // head width 4, so the root is 2
    config.attention.scaled = scaled;
    Seen seen;
    run(config, seen);
    EXPECT_TRUE(seen["scores"].equal(seen["scaled"] * (scaled ? 2 : 1)));
    for (std::int64_t q = 0; q < 5; ++q) {
      for (std::int64_t k = 0; k < 5; ++k) {
        const double product = (seen["query"][0][1][q] * seen["key"][0][1][k]).sum().item<double>();
        EXPECT_NEAR(seen["scores"][0][1][q][k].item<double>(), product, 1e-12);
      }
    }
  }
}

TEST(Attention, ClosedKeysHaveMinusInfinityAndWeightZero) {
  Seen seen;
  run(tests::tiny_model_config(), seen);
  for (std::int64_t q = 0; q < 5; ++q) {
    for (std::int64_t k = 0; k < 5; ++k) {
      EXPECT_EQ(seen["masked"][0][2][q][k].item<double>() == -kInfinity, k > q);
      EXPECT_EQ(seen["weights"][0][2][q][k].item<double>() == 0, k > q);
    }
    EXPECT_NEAR(seen["weights"][0][2][q].sum().item<double>(), 1, 1e-14);
  }
}

TEST(Attention, UniformTakesTheMeanOfTheOpenKeys) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.attention.weights = spec::Weighting::kUniform;
  Seen seen;
  run(config, seen);
  for (std::int64_t head = 0; head < 4; ++head) {
    for (std::int64_t q = 0; q < 5; ++q) {
      EXPECT_NEAR(seen["weights"][0][head][q][0].item<double>(), 1.0 / static_cast<double>(q + 1),
                  1e-15);
      const Tensor mean = seen["value"][0][head].narrow(0, 0, q + 1).mean(0);
      EXPECT_LT(tests::largest_difference(seen["mixed"][0][head][q], mean), 1e-14);
    }
  }
  for (const auto& [name, weight] : seen.weights) {
    EXPECT_EQ(name.find("q_proj") + name.find("k_proj"), 2 * std::string::npos)
        << "nothing would ever train " << name;
  }
}

TEST(Attention, IdentityCutsTheInputIntoHeads) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.attention.projection = spec::Projection::kIdentity;
  Seen seen;
  run(config, seen);
  for (const char* name : {"query", "key", "value"}) {
    for (std::int64_t head = 0; head < 4; ++head) {
      EXPECT_TRUE(seen[name][0][head].equal(seen.x[0].narrow(1, 2 * head, 2))) << name;
    }
  }
  ASSERT_EQ(seen.weights.size(), 2U);
  EXPECT_EQ(seen.weights[0].first, "model.layers.0.self_attn.o_proj.weight");
}

TEST(Attention, HeadUsesItsGroupsKeyAndValue) {
  for (const std::int64_t shared : {1, 2, 4}) {
    spec::ModelConfig config = tests::tiny_model_config();
    config.key_value_heads = shared;
    Seen seen;
    run(config, seen);
    EXPECT_EQ(seen["key"].size(1), shared);
    for (std::int64_t head = 0; head < 4; ++head) {
      const std::int64_t group = head * shared / 4;
      const Tensor scores = at::matmul(seen["query"][0][head], seen["key"][0][group].t());
      EXPECT_LT(tests::largest_difference(seen["scores"][0][head], scores), 1e-12);
      const Tensor mixed = at::matmul(seen["weights"][0][head], seen["value"][0][group]);
      EXPECT_LT(tests::largest_difference(seen["mixed"][0][head], mixed), 1e-12);
    }
  }
}

TEST(Attention, HeadsStandSideBySideBeforeTheOutput) {
  Seen seen;
  run(tests::tiny_model_config(), seen);
  const Tensor weight = seen.weights[6].second;
  const Tensor bias = seen.weights[7].second;
  ASSERT_EQ(seen.weights[6].first, "model.layers.0.self_attn.o_proj.weight");
  for (std::int64_t token = 0; token < 5; ++token) {
    std::vector<Tensor> heads;
    for (std::int64_t head = 0; head < 4; ++head) heads.push_back(seen["mixed"][0][head][token]);
    const Tensor expected = at::mv(weight, at::cat(heads)) + bias;
    EXPECT_LT(tests::largest_difference(seen.output[0][token], expected), 1e-12);
  }
}

}  // namespace
}  // namespace qkv::model
