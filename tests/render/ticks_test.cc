#include "render/ticks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace qkv::render {
namespace {

std::string written(const std::vector<Tick>& ticks) {
  std::string out;
  for (const Tick& tick : ticks) {
    out += (out.empty() ? "" : " ") + tick_text(tick.value, tick.decimals);
  }
  return out;
}

TEST(Ticks, StandAtRoundNumbers) {
  EXPECT_EQ(written(round_ticks(0, 1, 6)), "0 0.2 0.4 0.6 0.8 1.0");
  EXPECT_EQ(written(round_ticks(0, 1, 5)), "0 0.5 1.0");
  EXPECT_EQ(written(round_ticks(0, 2000, 10)), "0 500 1,000 1,500 2,000");
  EXPECT_EQ(written(round_ticks(100, 17592, 6)), "0 5,000 10,000 15,000 20,000");
  EXPECT_EQ(written(round_ticks(1.47, 5.3, 6)), "1 2 3 4 5 6");
  EXPECT_EQ(written(round_ticks(-0.031, 0.03, 6)), "−0.04 −0.02 0 0.02 0.04");
  EXPECT_EQ(written(round_ticks(2e-7, 9e-7, 6)), "2e-07 4e-07 6e-07 8e-07 1e-06");
  EXPECT_EQ(written(round_ticks(0, 1e9, 6)), "0 2e+08 4e+08 6e+08 8e+08 1e+09");
}

TEST(Ticks, AreTheDecimalNumbersThemselves) {
  const std::vector<Tick> ticks = round_ticks(0, 0.7, 10);
  ASSERT_EQ(ticks.size(), 8U);
  EXPECT_EQ(ticks[3].value, 0.3);  // 3 × 0.1 is not
  EXPECT_EQ(ticks[7].value, 0.7);
}

TEST(Ticks, LieAroundASingleValue) {
  for (const double value : {0.0, 3.0, -250.0, 1e-20, 1e15, 1e15 + 1}) {
    const std::vector<Tick> ticks = round_ticks(value, value, 6);
    EXPECT_LE(ticks.front().value, value);
    EXPECT_GE(ticks.back().value, value);
    EXPECT_LT(ticks.front().value, ticks.back().value);
    EXPECT_LE(ticks.size(), 6U);
  }
}

/// 1, 2 or 5 times a power of ten. `step` is a difference of two ticks in double: where they are a
/// million times as large, it has lost six of its sixteen digits.
bool is_round(double step) {
  const double power = std::pow(10, std::floor(std::log10(step) + 1e-9));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (std::abs(step / power - digit) < 1e-6) return true;
  }
  return false;
}

TEST(Ticks, CoverAnyRangeWithFewRoundSteps) {
  std::uint32_t state = 1;
  const auto next = [&] {
    state = state * 1664525 + 1013904223;
    return static_cast<double>(state >> 8U) / (1U << 24U);
  };
  for (int time = 0; time < 20000; ++time) {
    const double size = std::pow(10, 24 * next() - 12);
    const double low = size * (next() - 0.5);
    const double high = low + size * next();
    const int most = 3 + static_cast<int>(8 * next());
    const std::vector<Tick> ticks = round_ticks(low, high, most);
    SCOPED_TRACE(::testing::Message() << low << " to " << high << ", " << most);
    ASSERT_GE(ticks.size(), 2U);
    ASSERT_LE(ticks.size(), static_cast<std::size_t>(most));
    const double step = ticks[1].value - ticks[0].value;
    // Room for rounding, again where the numbers are far larger than their range.
    ASSERT_LE(ticks.front().value, low + 1e-6 * step);
    ASSERT_GE(ticks.back().value, high - 1e-6 * step);
    if (high - low < 1e-9) continue;
    ASSERT_TRUE(is_round(step)) << step;
    // No room is wasted.
    ASSERT_GT(ticks.front().value, low - step);
    ASSERT_LT(ticks.back().value, high + step);
  }
}

TEST(LogTicks, StandAtPowersOfTenAndBetween) {
  EXPECT_EQ(written(log_ticks(90, 18000, 10)), "100 200 500 1,000 2,000 5,000 10,000");
  EXPECT_EQ(written(log_ticks(90, 18000, 5)), "100 1,000 10,000");
  EXPECT_EQ(written(log_ticks(0.05, 20, 10)), "0.05 0.1 0.2 0.5 1 2 5 10 20");
  EXPECT_EQ(written(log_ticks(1, 1e6, 4)), "1 100 10,000 1,000,000");
  EXPECT_EQ(written(log_ticks(110, 190, 6)), "120 140 160 180");
  EXPECT_EQ(log_ticks(1e-9, 1e15, 3).size(), 3U);
}

TEST(TickText, WritesNumbersForPeople) {
  EXPECT_EQ(tick_text(0, 2), "0");
  EXPECT_EQ(tick_text(-0.0, 0), "0");
  EXPECT_EQ(tick_text(-0.001, 2), "0.00");
  EXPECT_EQ(tick_text(-3, 0), "−3");
  EXPECT_EQ(tick_text(0.5, 2), "0.50");
  EXPECT_EQ(tick_text(20000, 0), "20,000");
  EXPECT_EQ(tick_text(5e9, 0), "5e+09");
}

}  // namespace
}  // namespace qkv::render
