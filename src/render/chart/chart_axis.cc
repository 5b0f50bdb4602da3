#include "render/chart/chart_axis.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qkv::render {
namespace {

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

std::vector<const Series*> all_series(const Chart& chart) {
  std::vector<const Series*> all;
  for (const Series& series : chart.series) all.push_back(&series);
  if (chart.reference) all.push_back(&*chart.reference);
  return all;
}

/// From the first tick to the last.
Axis covering(std::vector<Tick> ticks) {
  Axis axis;
  axis.low = ticks.front().value;
  axis.high = ticks.back().value;
  axis.ticks = std::move(ticks);
  return axis;
}

}  // namespace

double Axis::place(double value) const {
  const auto scaled = [&](double number) {
    return logarithmic ? std::log10(number == 0 ? zero : number) : number;
  };
  const double share = (scaled(value) - scaled(low)) / (scaled(high) - scaled(low));
  return begin + share * (end - begin);
}

double x_of(const Series& series, std::size_t index) {
  return series.x.empty() ? static_cast<double>(index) : series.x[index];
}

Axis x_axis(const Chart& chart, int most) {
  if (!chart.categories.empty()) {
    Axis axis;
    axis.low = -0.5;
    axis.high = static_cast<double>(chart.categories.size()) - 0.5;
    return axis;
  }
  Range range;
  bool has_zero = false;
  for (const Series* series : all_series(chart)) {
    for (std::size_t index = 0; index < series->values.size(); ++index) {
      const double x = x_of(*series, index);
      if (chart.log_x && x == 0) {
        has_zero = true;
      } else {
        range.include(x);
      }
    }
  }
  if (range.low > range.high) range = {.low = 1, .high = 1};  // only 0
  if (!chart.log_x) return covering(round_ticks(range.low, range.high, most));
  constexpr double kBeyond = 0.03;  // of the axis, as room for half a marker
  const double beyond = std::max(std::pow(range.high / range.low, kBeyond), 1.01);
  Axis axis;
  axis.logarithmic = true;
  axis.low = range.low / beyond;
  axis.high = range.high * beyond;
  axis.ticks = log_ticks(axis.low, axis.high, most);
  if (!has_zero) return axis;
  axis.zero = range.low / 2;
  axis.low = axis.zero / beyond;
  axis.ticks.insert(axis.ticks.begin(), Tick{.value = 0, .decimals = 0});
  return axis;
}

Axis y_axis(const Chart& chart) {
  constexpr int kMostTicks = 6;
  if (chart.percent) return covering(round_ticks(0, 1, kMostTicks));
  Range range;
  if (chart.kind == ChartKind::kBars) range.include(0);
  for (const Series* series : all_series(chart)) {
    for (const double value : series->values) range.include(value);
  }
  for (const Series& series : chart.series) {
    for (const double value : series.levels) range.include(value);
    for (const double value : series.low) range.include(value);
    for (const double value : series.high) range.include(value);
  }
  return covering(round_ticks(range.low, range.high, kMostTicks));
}

std::string y_text(const Chart& chart, double value, int decimals) {
  if (!chart.percent) return tick_text(value, decimals);
  return tick_text(std::clamp(value, 0.0, 1.0) * 100, std::max(0, decimals - 2));
}

}  // namespace qkv::render
