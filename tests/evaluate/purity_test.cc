#include "evaluate/geometry/purity.h"

#include <gtest/gtest.h>

namespace qkv::evaluate {
namespace {

// Three groups with majorities of 5, 4 and 3 among 17: the example of Manning et al., figure 16.4.
TEST(Purity, CountsTheMajorityOfEachGroup) {
  const std::vector<std::size_t> groups = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2};
  const std::vector<std::size_t> classes = {0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 2, 0, 0, 2, 2, 2};
  EXPECT_DOUBLE_EQ(purity(groups, classes), 12.0 / 17);
}

TEST(Purity, IsOneWhereEachGroupIsOfOneClass) {
  EXPECT_EQ(purity({0, 1, 0, 2}, {5, 3, 5, 3}), 1);
  EXPECT_EQ(purity({0, 0, 0, 0}, {1, 2, 3, 4}), 0.25);
}

// Of the six ways to divide two of each class into two groups of two, two are pure.
TEST(Purity, ByChanceIsTheMeanOverOrders) {
  // Four standard deviations of a mean over 1000 orders; drawn from a fixed seed, so alike
  // anywhere.
  EXPECT_NEAR(chance_purity({0, 0, 1, 1}, {0, 0, 1, 1}), (2 * 1.0 + 4 * 0.5) / 6, 0.03);
  EXPECT_EQ(chance_purity({0, 1, 2}, {0, 0, 1}), 1);
  EXPECT_EQ(chance_purity({0, 0, 1, 1}, {0, 0, 1, 1}), chance_purity({0, 0, 1, 1}, {1, 0, 1, 0}));
}

}  // namespace
}  // namespace qkv::evaluate
