#include "generate/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"

namespace qkv {
namespace {

constexpr int kDraws = 20'000;

/// Logits of pieces 4, 5, …, behind four specials whose logits are far higher but the end's.
Tensor logits_of(const std::vector<double>& pieces,
                 double end = -std::numeric_limits<double>::infinity()) {
  std::vector<double> values = {50, 50, end, 50};
  values.insert(values.end(), pieces.begin(), pieces.end());
  return torch::tensor(values, at::kFloat);
}

std::vector<int> draw(const Tensor& logits, const Sampling& sampling) {
  std::vector<int> counts(static_cast<std::size_t>(logits.numel()));
  RandomStream random(17);
  for (int at = 0; at < kDraws; ++at)
    ++counts[static_cast<std::size_t>(sample(logits, sampling, random))];
  return counts;
}

/// The pieces that are ever drawn.
std::set<std::size_t> drawn(const Tensor& logits, const Sampling& sampling) {
  const std::vector<int> counts = draw(logits, sampling);
  std::set<std::size_t> ids;
  for (std::size_t id = 0; id < counts.size(); ++id) {
    if (counts[id] > 0) ids.insert(id);
  }
  return ids;
}

/// Each count is binomial: within 4.5 deviations of its mean.
void expect_frequencies(const std::vector<int>& counts, const std::vector<double>& expected) {
  ASSERT_EQ(counts.size(), expected.size() + 4);
  for (std::size_t piece = 0; piece < expected.size(); ++piece) {
    const double p = expected[piece];
    EXPECT_NEAR(counts[piece + 4], kDraws * p, 4.5 * std::sqrt(kDraws * p * (1 - p)))
        << "piece " << piece + 4;
  }
}

using Ids = std::set<std::size_t>;

TEST(Sampler, GreedyTakesTheHighestAndTheFirstOfEquals) {
  RandomStream random(1);
  const Sampling greedy{.temperature = 0, .top_k = 0, .top_p = 1};
  EXPECT_EQ(sample(logits_of({1, 3, 2}), greedy, random), 5);
  EXPECT_EQ(sample(logits_of({1, 3, 3}), greedy, random), 5);
  EXPECT_EQ(sample(logits_of({1, 1}, 7), greedy, random), 2) << "the end of a document is a choice";
}

TEST(Sampler, DrawsNoSpecialButTheEnd) {
  EXPECT_EQ(drawn(logits_of({0, 0}, 0), {}), (Ids{2, 4, 5}));
}

TEST(Sampler, FollowsTheProbabilities) {
  const std::vector<double> p = {0.5, 0.3, 0.15, 0.05};
  std::vector<double> logits;
  for (const double value : p) logits.push_back(std::log(value) + 3);  // a shift changes nothing
  expect_frequencies(draw(logits_of(logits), {}), p);
}

TEST(Sampler, TemperatureDividesLogits) {
  const std::vector<double> logits = {1, 0, -1};
  for (const double temperature : {0.5, 2.0}) {
    std::vector<double> p;
    double total = 0;
    for (const double value : logits) total += std::exp(value / temperature);
    for (const double value : logits) p.push_back(std::exp(value / temperature) / total);
    expect_frequencies(
        draw(logits_of(logits), {.temperature = temperature, .top_k = 0, .top_p = 1}), p);
  }
}

TEST(Sampler, ExtremeTemperatures) {
  const Tensor logits = logits_of({1, 0, -1});
  EXPECT_EQ(drawn(logits, {.temperature = 1e-300, .top_k = 0, .top_p = 1}), (Ids{4}));
  expect_frequencies(draw(logits, {.temperature = 1e300, .top_k = 0, .top_p = 1}),
                     {1.0 / 3, 1.0 / 3, 1.0 / 3});
}

TEST(Sampler, TopKKeepsTheLikeliest) {
  const Tensor logits = logits_of({0, 2, 1, 3});
  const auto with = [](std::int64_t k) {
    return Sampling{.temperature = 1, .top_k = k, .top_p = 1};
  };
  EXPECT_EQ(drawn(logits, with(1)), (Ids{7}));
  EXPECT_EQ(drawn(logits, with(2)), (Ids{7, 5}));
  EXPECT_EQ(drawn(logits, with(4)), (Ids{4, 5, 6, 7}));
  EXPECT_EQ(drawn(logits, with(1'000'000'000'000)), (Ids{4, 5, 6, 7}));
  const double two = std::exp(3.0) + std::exp(2.0);
  expect_frequencies(draw(logits, with(2)), {0, std::exp(2.0) / two, 0, std::exp(3.0) / two});
}

TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  const Tensor quarters = logits_of({0, 0, 0, 0});
  const auto with = [](double p) { return Sampling{.temperature = 1, .top_k = 0, .top_p = p}; };
  EXPECT_EQ(drawn(quarters, with(1e-9)), (Ids{4}));
  EXPECT_EQ(drawn(quarters, with(0.25)), (Ids{4}));
  EXPECT_EQ(drawn(quarters, with(0.2500001)), (Ids{4, 5}));
  EXPECT_EQ(drawn(quarters, with(0.5)), (Ids{4, 5}));
  EXPECT_EQ(drawn(quarters, with(0.75)), (Ids{4, 5, 6}));
  EXPECT_EQ(drawn(quarters, with(0.7500001)), (Ids{4, 5, 6, 7}));
  EXPECT_EQ(drawn(quarters, with(1)), (Ids{4, 5, 6, 7}));
  expect_frequencies(draw(quarters, with(0.6)), {1.0 / 3, 1.0 / 3, 1.0 / 3, 0});
}

TEST(Sampler, TopPCountsWhatTopKLeft) {
  const Tensor quarters = logits_of({0, 0, 0, 0});
  EXPECT_EQ(drawn(quarters, {.temperature = 1, .top_k = 2, .top_p = 0.5}), (Ids{4}));
  EXPECT_EQ(drawn(quarters, {.temperature = 1, .top_k = 2, .top_p = 0.6}), (Ids{4, 5}));
}

TEST(Sampler, EqualStreamsDrawEqualIds) {
  const Tensor logits = logits_of({0, 0, 0, 0});
  RandomStream a(3);
  RandomStream b(3);
  RandomStream c(4);
  int same = 0;
  for (int at = 0; at < 1000; ++at) {
    const std::int32_t id = sample(logits, {}, a);
    ASSERT_EQ(id, sample(logits, {}, b));
    same += static_cast<int>(id == sample(logits, {}, c));
  }
  EXPECT_NEAR(same, 250, 4.5 * std::sqrt(1000 * 0.25 * 0.75));
}

TEST(Sampler, RefusesLogitsThatAreNoNumbers) {
  RandomStream random(1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double temperature : {0.0, 1.0}) {
    const Sampling sampling{.temperature = temperature, .top_k = 0, .top_p = 1};
    EXPECT_THROW(sample(logits_of({0, nan, 0}), sampling, random), Error);
    EXPECT_THROW(sample(logits_of({nan, nan, nan}, nan), sampling, random), Error);
    EXPECT_THROW(sample(logits_of({0, std::numeric_limits<double>::infinity()}), sampling, random),
                 Error);
  }
}

TEST(Sampler, ChecksItsOptions) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_NO_THROW(check_sampling({}));
  EXPECT_NO_THROW(check_sampling({.temperature = 0, .top_k = 0, .top_p = 1}));
  for (const double bad : {-0.1, nan, infinity}) {
    EXPECT_THROW(check_sampling({.temperature = bad, .top_k = 0, .top_p = 1}), Error);
  }
  EXPECT_THROW(check_sampling({.temperature = 1, .top_k = -1, .top_p = 1}), Error);
  for (const double bad : {0.0, -0.5, 1.0001, nan, infinity}) {
    EXPECT_THROW(check_sampling({.temperature = 1, .top_k = 0, .top_p = bad}), Error);
  }
}

}  // namespace
}  // namespace qkv
