#include "render/ticks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/format.h"

namespace qkv::render {
namespace {

constexpr std::array<int, 3> kDigits = {1, 2, 5};
constexpr double kSlack = 1e-9;  // of a step: the tolerance for rounding

RoundStep next_step(const RoundStep& step) {
  if (step.digit == 5) return {.digit = 1, .exponent = step.exponent + 1};
  return {.digit = step.digit == 1 ? 2 : 5, .exponent = step.exponent};
}

/// 1, 2, 5 or only 1 times the powers of ten from `low` to `high`, every `stride`th power.
std::vector<Tick> powers_of_ten(double low, double high, bool between, int stride) {
  std::vector<Tick> ticks;
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  for (int exponent = static_cast<int>(std::floor(std::log10(low))); exponent <= last; ++exponent) {
    if (exponent % stride != 0) continue;
    for (const int digit : kDigits) {
      if (digit != 1 && !between) break;
      const RoundStep step{.digit = digit, .exponent = exponent};
      const bool inside = step.size() >= low * (1 - kSlack) && step.size() <= high * (1 + kSlack);
      if (inside) ticks.push_back({.value = step.size(), .decimals = step.decimals()});
    }
  }
  return ticks;
}

}  // namespace

double RoundStep::times(double count) const {
  // Powers of ten are exact as doubles, but their inverses are not: divide by them.
  const double digits = count * digit;
  return exponent < 0 ? digits / std::pow(10.0, -exponent) : digits * std::pow(10.0, exponent);
}

RoundStep round_step(double least) {
  RoundStep step{.digit = 1, .exponent = static_cast<int>(std::floor(std::log10(least)))};
  while (step.size() < least) step = next_step(step);
  return step;
}

std::vector<Tick> round_ticks(double low, double high, int most) {
  const double nothing = 1e-12 * std::max({1.0, std::abs(low), std::abs(high)});
  if (high - low <= nothing) {
    const double around = low == 0 ? 0.5 : std::abs(low) * 0.1;
    low -= std::max(around, nothing);
    high += std::max(around, nothing);
  }
  RoundStep step = round_step((high - low) / (most - 1) * (1 - kSlack));
  const auto first = [&] { return std::floor(low / step.size() + kSlack); };
  const auto last = [&] { return std::ceil(high / step.size() - kSlack); };
  while (last() - first() > most - 1) step = next_step(step);
  std::vector<Tick> ticks;
  const auto count = static_cast<int>(last() - first());
  for (int tick = 0; tick <= count; ++tick) {
    ticks.push_back({.value = step.times(first() + tick), .decimals = step.decimals()});
  }
  return ticks;
}

std::vector<Tick> log_ticks(double low, double high, int most) {
  const auto fits = [&](const std::vector<Tick>& ticks) {
    return ticks.size() <= static_cast<std::size_t>(most);
  };
  std::vector<Tick> ticks = powers_of_ten(low, high, true, 1);
  for (int stride = 1; !fits(ticks); ++stride) ticks = powers_of_ten(low, high, false, stride);
  if (ticks.size() >= 2) return ticks;
  ticks = round_ticks(low, high, std::max(3, most));
  std::erase_if(ticks, [&](const Tick& tick) { return tick.value < low || tick.value > high; });
  return ticks;
}

std::string tick_text(double value, int decimals) {
  constexpr double kLargestWritten = 1e7;
  constexpr int kMostDecimals = 5;
  if (value == 0) return "0";
  const double size = std::abs(value);
  std::string number;
  if (size >= kLargestWritten || decimals > kMostDecimals) {
    char shorter[32];
    std::snprintf(shorter, sizeof shorter, "%.4g", size);
    number = shorter;
  } else if (decimals == 0) {
    number = base::with_commas(static_cast<std::uint64_t>(std::llround(size)));
  } else {
    number = base::fixed(size, decimals);
  }
  const bool is_zero = number.find_first_of("123456789") == std::string::npos;
  return value < 0 && !is_zero ? "−" + number : number;
}

}  // namespace qkv::render
