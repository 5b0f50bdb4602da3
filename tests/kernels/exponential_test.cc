#include "kernels/exponential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/bfloat16.h"
#include "kernels/lanes.h"

namespace qkv::kernels {
namespace {

constexpr int kSteps = 200003;

/// The largest error of f against g relative to `size` of g, over [from, to].
template <class F, class G>
double worst_error(double from, double to, F f, G g) {
  double worst = 0;
  for (int step = 0; step <= kSteps; ++step) {
    const auto x = static_cast<float>(from + (to - from) * step / kSteps);
    const double exact = g(static_cast<double>(x));
    const double error = exact != 0 ? std::abs(f(x) - exact) / std::abs(exact) : 0;
    if (std::isnan(error)) return error;
    worst = std::max(worst, error);
  }
  return worst;
}

// Compiled for the baseline, so the numbers are the same on every x86-64. The bounds hold on all
// other processors: the polynomials' own errors are about 1e-9, the rest is up to four roundings of
// 2^-24 = 6e-8 (fewer with fused multiply-adds).
TEST(Exponential, KeepsItsErrors) {
  const auto exact = [](double x) { return std::exp(x); };
  const auto exact2 = [](double x) { return std::exp2(x); };
  const auto exact_log = [](double x) { return std::log(x); };
  using Bits = std::uint32_t;
  EXPECT_LT(worst_error(
                -87.33, 88.72, [](float x) { return exponential(x); }, exact),
            1.3e-7);
  EXPECT_LT(worst_error(
                -126, 127.9, [](float x) { return exponential2_bounded<Bits>(x); }, exact2),
            1.1e-7);
  EXPECT_LT(worst_error(
                0.25, 4, [](float x) { return logarithm(x); }, exact_log),
            2.5e-7);
  EXPECT_LT(worst_error(
                1e-37, 1e38, [](float x) { return logarithm(x); }, exact_log),
            2.5e-7);
  EXPECT_EQ(exponential(0.0f), 1);
  EXPECT_EQ(logarithm(1.0f), 0);
}

TEST(Exponential, HoldsAtTheEnds) {
  const float infinity = std::numeric_limits<float>::infinity();
  using Bits = std::uint32_t;
  for (const float x : {-infinity, -1e30f, -1e4f, -87.4f, -126.1f}) {
    EXPECT_EQ(exponential(x), 0) << x;
    if (x < -126) {
      EXPECT_EQ((exponential2_bounded<Bits, float>(x)), 0) << x;
    }
  }
  for (const float x : {infinity, 1e30f, 88.73f}) EXPECT_EQ(exponential(x), infinity) << x;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(exponential(nan)));
  EXPECT_TRUE(std::isnan(exponential2_bounded<Bits, float>(nan)));
}

TEST(Exponential, IsTheSameInLanes) {
  using baseline::kLanes;
  for (float x = -130; x < 84; x += 0.37f) {
    const auto lanes = exponential<baseline::BitLanes>(baseline::counting() + x);
    for (int lane = 0; lane < kLanes; ++lane) {
      const float alone = exponential(static_cast<float>(lane) + x);
      // Compiled for the baseline, so the same bits on x86-64. Elsewhere one of the two may fuse a
      // multiplication and an addition: up to three roundings of 2^-24.
      EXPECT_NEAR(lanes[lane], alone, 2e-7 * alone);
    }
  }
}

TEST(Bfloat16, RoundsToTheNearestEven) {
  EXPECT_EQ(to_bfloat16(1.0f).bits, 0x3f80);
  EXPECT_EQ(to_bfloat16(1.0f + 0x1p-8f).bits, 0x3f80);            // half way, to even
  EXPECT_EQ(to_bfloat16(1.0f + 0x1p-7f + 0x1p-8f).bits, 0x3f82);  // half way, to even
  EXPECT_EQ(to_bfloat16(1.0f + 0x1.1p-8f).bits, 0x3f81);
  EXPECT_EQ(to_bfloat16(-3.4e38f).bits, 0xff80);  // beyond the largest
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16(__builtin_bit_cast(float, 0x7f800001u)))));
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Bfloat16 value{static_cast<std::uint16_t>(bits)};
    if (!std::isnan(to_float(value))) {
      EXPECT_EQ(to_bfloat16(to_float(value)).bits, bits);
    }
  }
}

}  // namespace
}  // namespace qkv::kernels
