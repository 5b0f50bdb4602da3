#include "generate/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "base/error.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::generate {
namespace {

constexpr int kDraws = 20'000;

using Logits = std::vector<float>;

std::int32_t sample(const Logits& logits, const Sampling& sampling, base::RandomStream& random) {
  return Sampler(sampling).draw(logits, random);
}

/// Logits of pieces 4, 5, …, after four specials whose logits, except that of the end, are far
/// higher.
Logits logits_of(const std::vector<double>& pieces,
                 double end = -std::numeric_limits<double>::infinity()) {
  Logits logits = {50, 50, static_cast<float>(end), 50};
  for (const double piece : pieces) logits.push_back(static_cast<float>(piece));
  return logits;
}

std::vector<int> draw(const Logits& logits, const Sampling& sampling) {
  std::vector<int> counts(logits.size());
  base::RandomStream random(17);
  Sampler sampler(sampling);
  for (int at = 0; at < kDraws; ++at)
    ++counts[static_cast<std::size_t>(sampler.draw(logits, random))];
  return counts;
}

/// The pieces that are ever drawn.
std::set<std::size_t> drawn(const Logits& logits, const Sampling& sampling) {
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
  base::RandomStream random(1);
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
  const Logits logits = logits_of({1, 0, -1});
  EXPECT_EQ(drawn(logits, {.temperature = 1e-300, .top_k = 0, .top_p = 1}), (Ids{4}));
  expect_frequencies(draw(logits, {.temperature = 1e300, .top_k = 0, .top_p = 1}),
                     {1.0 / 3, 1.0 / 3, 1.0 / 3});
}

TEST(Sampler, TopKKeepsTheLikeliest) {
  const Logits logits = logits_of({0, 2, 1, 3});
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
  const Logits quarters = logits_of({0, 0, 0, 0});
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
  const Logits quarters = logits_of({0, 0, 0, 0});
  EXPECT_EQ(drawn(quarters, {.temperature = 1, .top_k = 2, .top_p = 0.5}), (Ids{4}));
  EXPECT_EQ(drawn(quarters, {.temperature = 1, .top_k = 2, .top_p = 0.6}), (Ids{4, 5}));
}

TEST(Sampler, EqualStreamsDrawEqualIds) {
  const Logits logits = logits_of({0, 0, 0, 0});
  base::RandomStream a(3);
  base::RandomStream b(3);
  base::RandomStream c(4);
  int same = 0;
  for (int at = 0; at < 1000; ++at) {
    const std::int32_t id = sample(logits, {}, a);
    ASSERT_EQ(id, sample(logits, {}, b));
    same += static_cast<int>(id == sample(logits, {}, c));
  }
  EXPECT_NEAR(same, 250, 4.5 * std::sqrt(1000 * 0.25 * 0.75));
}

/// The definition: all ids sorted by probability, the less probable dropped, and the probabilities,
/// in double, of those that stay added up in the order of ids.
std::int32_t sample_by_sorting(const Logits& logits, const Sampling& sampling, double uniform) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto score = [&](std::int32_t id) {
    const bool never = id == text::Tokenizer::kUnknown || id == text::Tokenizer::kBegin ||
                       id == text::Tokenizer::kMask;
    return never ? -std::numeric_limits<double>::infinity()
                 : static_cast<double>(logits[static_cast<std::size_t>(id)]);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int32_t a, std::int32_t b) { return score(a) > score(b); });
  if (sampling.top_k > 0)
    order.resize(std::min(order.size(), static_cast<std::size_t>(sampling.top_k)));
  const std::int32_t likeliest = order.front();
  const auto power = [&](std::int32_t id) {
    return std::exp((score(id) - score(likeliest)) / sampling.temperature);
  };
  double total = 0;
  for (const std::int32_t id : order) total += power(id);
  double reached = 0;
  for (std::size_t rank = 0; rank < order.size() && sampling.top_p < 1; ++rank) {
    reached += power(order[rank]);
    if (reached < sampling.top_p * total) continue;
    order.resize(rank + 1);
    total = reached;
  }
  double left = uniform * total;
  std::sort(order.begin(), order.end());
  for (const std::int32_t id : order) {
    left -= power(id);
    if (left < 0) return id;
  }
  return likeliest;
}

TEST(Sampler, DrawsWhatSortingWouldDraw) {
  int draws = 0;
  int different = 0;
  for (const int vocabulary : {5, 30, 325, 8000}) {
    for (const double spread : {0.0, 0.5, 4.0}) {
      base::RandomStream values(static_cast<std::uint64_t>(vocabulary));
      Logits logits(static_cast<std::size_t>(vocabulary));
      for (float& logit : logits) logit = static_cast<float>(spread * 3 * (values.uniform() - 0.5));
      for (std::size_t id = 0; id + 7 < logits.size(); id += 7) logits[id + 7] = logits[id];
      for (const double temperature : {0.3, 1.0, 1e9}) {
        for (const std::int64_t top_k : {0, 1, 20, 300}) {
          for (const double top_p : {1.0, 0.9, 0.2}) {
            const Sampling sampling{.temperature = temperature, .top_k = top_k, .top_p = top_p};
            Sampler sampler(sampling);
            base::RandomStream random(static_cast<std::uint64_t>(draws) + 1);
            base::RandomStream same = random;
            for (int at = 0; at < 10; ++at, ++draws) {
              const double uniform = same.uniform();
              different += static_cast<int>(sampler.draw(logits, random) !=
                                            sample_by_sorting(logits, sampling, uniform));
            }
          }
        }
      }
    }
  }
  // A number at the border between two ids may be assigned to either, because of rounding.
  EXPECT_LE(different, draws / 1000) << "of " << draws;
}

TEST(Sampler, RefusesLogitsThatAreNoNumbers) {
  base::RandomStream random(1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double temperature : {0.0, 1.0}) {
    const Sampling sampling{.temperature = temperature, .top_k = 0, .top_p = 1};
    EXPECT_THROW(sample(logits_of({0, nan, 0}), sampling, random), base::Error);
    EXPECT_THROW(sample(logits_of({nan, nan, nan}, nan), sampling, random), base::Error);
    EXPECT_THROW(sample(logits_of({0, std::numeric_limits<double>::infinity()}), sampling, random),
                 base::Error);
  }
}

TEST(Sampler, ChecksItsOptions) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_NO_THROW(check_sampling({}));
  EXPECT_NO_THROW(check_sampling({.temperature = 0, .top_k = 0, .top_p = 1}));
  for (const double bad : {-0.1, nan, infinity}) {
    EXPECT_THROW(check_sampling({.temperature = bad, .top_k = 0, .top_p = 1}), base::Error);
  }
  EXPECT_THROW(check_sampling({.temperature = 1, .top_k = -1, .top_p = 1}), base::Error);
  for (const double bad : {0.0, -0.5, 1.0001, nan, infinity}) {
    EXPECT_THROW(check_sampling({.temperature = 1, .top_k = 0, .top_p = bad}), base::Error);
  }
}

}  // namespace
}  // namespace qkv::generate
