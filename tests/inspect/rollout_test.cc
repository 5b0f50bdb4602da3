#include "inspect/rollout.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "rounding.h"

namespace qkv::inspect {
namespace {

base::Array array_of(std::vector<std::int64_t> shape, std::vector<float> values) {
  base::Array array;
  array.shape = std::move(shape);
  array.values = std::move(values);
  return array;
}

/// Random attention [heads, query, key] whose rows sum to 1.
base::Array some_attention(std::int64_t heads, std::int64_t tokens, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(0.1F, 1);
  base::Array weights({heads, tokens, tokens});
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t query = 0; query < tokens; ++query) {
      float sum = 0;
      for (float& weight : weights[head][query].values()) sum += weight = uniform(generator);
      for (float& weight : weights[head][query].values()) weight /= sum;
    }
  }
  return weights;
}

// Two layers of two heads on two tokens, by hand:
//   layer 0: mean of heads [[0.5, 0.5], [0.2, 0.8]] → with the residual [[0.75, 0.25], [0.1, 0.9]]
//   layer 1: mean of heads [[1, 0], [0.6, 0.4]] → with the residual [[1, 0], [0.3, 0.7]]
//   second · first = [[0.75, 0.25], [0.3·0.75 + 0.7·0.1, 0.3·0.25 + 0.7·0.9]]
TEST(Rollout, IsTheProductByHand) {
  const base::Array first = array_of({2, 2, 2}, {0.2, 0.8, 0.4, 0.6, 0.8, 0.2, 0.0, 1.0});
  const base::Array second = array_of({2, 2, 2}, {1.0, 0.0, 0.2, 0.8, 1.0, 0.0, 1.0, 0.0});
  const std::vector<double> expected = {0.75, 0.25, 0.295, 0.705};
  const base::Array found = attention_rollout({first, second});
  const base::Array reversed = attention_rollout({second, first});
  EXPECT_EQ(found.shape, (std::vector<std::int64_t>{2, 2}));
  double difference = 0;
  for (std::size_t at = 0; at < 4; ++at) {
    // Numbers up to 1: each path has at most six roundings.
    EXPECT_NEAR(found.values[at], expected[at], 6 * tests::kFloat32);
    difference = std::max(difference, std::abs(reversed.values[at] - expected[at]));
  }
  EXPECT_GT(difference, 0.05);
}

TEST(Rollout, IsThatOfPlainLoops) {
  constexpr std::int64_t kHeads = 3;
  constexpr std::int64_t kTokens = 5;
  const std::vector<base::Array> layers = {some_attention(kHeads, kTokens, 1),
                                           some_attention(kHeads, kTokens, 2),
                                           some_attention(kHeads, kTokens, 3)};
  std::vector<std::vector<double>> rolled(kTokens, std::vector<double>(kTokens));
  for (std::size_t token = 0; token < kTokens; ++token) rolled[token][token] = 1;
  for (const base::Array& layer : layers) {
    const auto before = rolled;
    for (std::size_t query = 0; query < kTokens; ++query) {
      for (std::size_t key = 0; key < kTokens; ++key) {
        rolled[query][key] = before[query][key] / 2;
        for (std::size_t via = 0; via < kTokens; ++via) {
          double mean = 0;
          for (std::size_t head = 0; head < kHeads; ++head)
            mean += layer.values[(head * kTokens + query) * kTokens + via] / kHeads;
          rolled[query][key] += mean / 2 * before[via][key];
        }
      }
    }
  }
  const base::Array found = attention_rollout(layers);
  for (std::size_t query = 0; query < kTokens; ++query) {
    double sum = 0;
    for (std::size_t key = 0; key < kTokens; ++key) {
      const double each = found.values[query * kTokens + key];
      // Of each layer: three heads, a division, two halves and a sum of five products below 1.
      EXPECT_NEAR(each, rolled[query][key], 3 * 12 * tests::kFloat32);
      sum += each;
    }
    EXPECT_NEAR(sum, 1, kTokens * 3 * 12 * tests::kFloat32);
  }
}

TEST(Rollout, RefusesWhatIsNoAttention) {
  EXPECT_THROW(attention_rollout({}), base::Error);
  EXPECT_THROW(attention_rollout({some_attention(2, 3, 1), some_attention(2, 4, 1)}), base::Error);
}

}  // namespace
}  // namespace qkv::inspect
