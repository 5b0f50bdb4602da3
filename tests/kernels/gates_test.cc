#include "kernels/gates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qkv::kernels {
namespace {

constexpr int kGateSteps = 100003;

double phi(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

double gelu_slope(double x) {
  return phi(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
}

/// The largest differences from `value` and `slope` over [from, to].
template <class Gate, class Value, class Slope>
ValueAndSlope<double> worst(double from, double to, Gate gate, Value value, Slope slope) {
  ValueAndSlope<double> errors{0, 0};
  for (int step = 0; step <= kGateSteps; ++step) {
    const auto x = static_cast<float>(from + (to - from) * step / kGateSteps);
    const ValueAndSlope<float> found = gate(x);
    // For values relative to x, like the factor of x.
    const double size = std::max(std::abs(static_cast<double>(x)), 1e-6);
    const ValueAndSlope<double> error{std::abs(found.value - value(x)) / size,
                                      std::abs(found.slope - slope(x))};
    if (std::isnan(error.value + error.slope)) return error;
    errors.value = std::max(errors.value, error.value);
    errors.slope = std::max(errors.slope, error.slope);
  }
  return errors;
}

TEST(Gates, KeepTheirErrors) {
  // Compiled for the baseline, so the numbers are the same on every x86-64. The bounds hold on all
  // other processors: those stated in gates.h if a polynomial is coarse; otherwise some roundings
  // of 2^-24 = 6e-8 of numbers up to 1 (fewer with fused multiply-adds): three in a value, eight in
  // gelu's slope, sixteen in silu's, a product of three such numbers. Lambdas, since always-inlined
  // functions have no address.
  const auto exact_gelu = [](float x) { return gelu<std::uint32_t>(x); };
  const auto coarse_gelu = [](float x) { return gelu_coarse(x); };
  const auto exact_silu = [](float x) { return silu<std::uint32_t>(x); };
  const auto gelu_value = [](double x) { return x * phi(x); };
  const auto exact = worst(-30, 30, exact_gelu, gelu_value, gelu_slope);
  EXPECT_LT(exact.value, 2e-7);
  EXPECT_LT(exact.slope, 5e-7);
  const auto near = worst(-4.25, 4.25, coarse_gelu, gelu_value, gelu_slope);
  EXPECT_LT(near.value, 1e-5);
  EXPECT_LT(near.slope, 3e-5);
  const auto far = worst(-1000, 1000, coarse_gelu, gelu_value, gelu_slope);
  EXPECT_LT(far.value, 2e-5);
  EXPECT_LT(far.slope, 3e-4);
  const auto logistic = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto gate = worst(
      -60, 60, exact_silu, [&](double x) { return x * logistic(x); },
      [&](double x) { return logistic(x) * (1 + x * logistic(-x)); });
  EXPECT_LT(gate.value, 2e-7);
  EXPECT_LT(gate.slope, 1e-6);
}

}  // namespace
}  // namespace qkv::kernels
