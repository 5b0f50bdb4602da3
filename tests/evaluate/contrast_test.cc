#include "evaluate/probes/contrast.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace qkv::evaluate {
namespace {

TEST(Contrast, IsAgainstTheStrongestDistractor) {
  const Contrast contrast = contrast_of(std::vector<double>{0.5, 0.1, 0.7, 0.2});
  EXPECT_EQ(contrast.truth, 0.5);
  EXPECT_EQ(contrast.distractor, 0.7);
}

// Three measurements of six probes. Number 0 is right on all even probes, 1 on all odd ones, 2
// never.
const Contrasts kContrasts = {
    {{2, 1}, {1, 1}, {0, 1}}, {{0, 1}, {3, 1}, {0, 1}}, {{2, 1}, {0, 1}, {0, 1}},
    {{1, 1}, {3, 1}, {0, 1}}, {{2, 1}, {0, 1}, {0, 1}}, {{0, 1}, {3, 2}, {0, 1}},
};

TEST(Share, CountsWhereTheTruthGetsMore) {
  EXPECT_EQ(best_way(kContrasts, Half::kEven), 0U);
  EXPECT_EQ(best_way(kContrasts, Half::kOdd), 1U);
  const Share odd = share_of(kContrasts, 0, Half::kOdd);
  EXPECT_EQ(odd.probes, 3U);
  EXPECT_EQ(odd.share, 0);  // a tie counts as wrong
  EXPECT_NEAR(odd.truth, 1.0 / 3, 1e-12);
  EXPECT_EQ(odd.distractor, 1);
  EXPECT_EQ(odd.interval, (Interval{0, 0}));
  const Share all = share_of(kContrasts, 0, Half::kBoth);
  EXPECT_EQ(all.probes, 6U);
  EXPECT_EQ(all.share, 0.5);
  EXPECT_LT(all.interval.low, 0.5);
  EXPECT_GT(all.interval.high, 0.5);
  EXPECT_EQ(share_of(kContrasts, 0, Half::kEven, 1).share, 0);  // not by more than 1
  EXPECT_EQ(share_of(kContrasts, 0, Half::kEven, 0.9).share, 1);
  EXPECT_TRUE(std::isnan(share_of({}, 0, Half::kBoth).share));
  EXPECT_THROW(best_way({}, Half::kEven), base::Error);
}

// If cutting the truth changes nothing, it is not the cause, whatever cutting a distractor does.
TEST(Contrast, WithNothingForTheTruthIsNotRight) {
  EXPECT_FALSE((Contrast{.truth = 0, .distractor = -1}.right()));
  EXPECT_FALSE((Contrast{.truth = 1e-7, .distractor = -1}.right(1e-6)));
  EXPECT_TRUE((Contrast{.truth = 1e-5, .distractor = -1}.right(1e-6)));
}

TEST(BestWay, AmongEqualsHasTheLargerMargin) {
  EXPECT_EQ(best_way({{{0.6, 0.5}, {0.9, 0.1}, {0.9, 0.1}, {0, -5}}}, Half::kEven), 1U);
}

TEST(BootstrapInterval, OfOneValueIsThatValue) {
  EXPECT_EQ(bootstrap_interval(std::vector<double>(50, 1)), (Interval{1, 1}));
  EXPECT_EQ(bootstrap_interval(std::vector<double>{0.25}), (Interval{0.25, 0.25}));
}

// For many values, the interval is nearly the normal one: mean ± 1.96 · deviation / √n.
TEST(BootstrapInterval, IsNearlyNormalForManyValues) {
  for (const double share : {0.5, 0.9}) {
    std::vector<double> values(400);
    for (std::size_t at = 0; at < values.size(); ++at)
      values[at] = static_cast<double>(at) < share * 400 ? 1 : 0;
    const double reach = 1.96 * std::sqrt(share * (1 - share) / 400);
    const Interval interval = bootstrap_interval(values);
    // The ends of 1000 resamples vary by a few of the steps of 1/400 between shares; drawn from a
    // fixed seed, so alike anywhere.
    EXPECT_NEAR(interval.low, share - reach, 0.01);
    EXPECT_NEAR(interval.high, share + reach, 0.01);
    EXPECT_EQ(bootstrap_interval(values), interval);  // a second call gives the same result
  }
}

}  // namespace
}  // namespace qkv::evaluate
