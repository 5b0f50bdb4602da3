#include "inspect/trace/head_arithmetic.h"

#include <gtest/gtest.h>

#include <cmath>

namespace qkv::inspect {
namespace {

// All in double: some roundings of 1e-16, of scores up to 1e4 1e-12. Bounds of 1e-9 stand beside
// numbers that are written with ten digits.

TEST(HeadArithmetic, FollowsTheFormulaByHand) {
  // q = (2, 0), keys (1, 0), (0, 1), (1, 1): q·k = 2, 0, 2; ÷2: 1, 0, 1; the third key is closed.
  const HeadInput input{.query = {2, 0},
                        .keys = {{1, 0}, {0, 1}, {1, 1}},
                        .values = {{1, 0}, {0, 10}, {100, 100}},
                        .asking = 1,
                        .causal = true,
                        .divisor = 2,
                        .slope = 0};
  const HeadSteps steps = compute_head(input);
  EXPECT_EQ(steps.scores, (Vector{2, 0, 2}));
  EXPECT_EQ(steps.scaled, (Vector{1, 0, 1}));
  EXPECT_EQ(steps.largest, 1);
  // softmax of (1, 0) is (e, 1) / (e + 1) = (0.731059, 0.268941)
  EXPECT_NEAR(steps.weights[0], 0.7310585786, 1e-9);
  EXPECT_NEAR(steps.weights[1], 0.2689414214, 1e-9);
  EXPECT_EQ(steps.weights[2], 0);
  EXPECT_NEAR(steps.mixed[0], 0.7310585786, 1e-9);
  EXPECT_NEAR(steps.mixed[1], 2.689414214, 1e-9);
}

TEST(HeadArithmetic, BiasesByDistanceBothWays) {
  const HeadInput input{.query = {0},
                        .keys = {{5}, {5}, {5}},
                        .values = {{1}, {2}, {3}},
                        .asking = 1,
                        .causal = false,
                        .divisor = 1,
                        .slope = std::log(2.0)};
  const HeadSteps steps = compute_head(input);
  EXPECT_NEAR(steps.weights[0], 0.25, 1e-12);
  EXPECT_NEAR(steps.weights[1], 0.5, 1e-12);
  EXPECT_NEAR(steps.weights[2], 0.25, 1e-12);
}

TEST(HeadArithmetic, WithoutKeysEveryOpenKeyCountsAlike) {
  const HeadInput input{.query = {}, .keys = {}, .values = {{2}, {4}, {9}}, .asking = 1};
  const HeadSteps steps = compute_head(input);
  EXPECT_EQ(steps.weights, (Vector{0.5, 0.5, 0}));
  EXPECT_EQ(steps.mixed, (Vector{3}));
  EXPECT_EQ(steps.total, 2);
}

TEST(HeadArithmetic, LargeScoresDoNotOverflow) {
  const HeadInput input{.query = {1e4}, .keys = {{1}, {0.9999}}, .values = {{1}, {0}}, .asking = 1};
  EXPECT_NEAR(compute_head(input).mixed[0], 1 / (1 + std::exp(-1.0)), 1e-9);
}

}  // namespace
}  // namespace qkv::inspect
