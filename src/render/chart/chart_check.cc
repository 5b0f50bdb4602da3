#include "render/chart/chart_check.h"

#include <cmath>
#include <string>

#include "base/error.h"
#include "base/format.h"
#include "render/canvas.h"
#include "render/chart/palette.h"
#include "render/chart/panel_layout.h"
#include "render/label.h"

namespace qkv::render {
namespace {

void require_size(const std::vector<double>& numbers, std::size_t expected, const char* what,
                  const std::string& where) {
  if (numbers.size() == expected) return;
  throw base::Error(base::concat(where, ": found ", numbers.size(), " ", what, ", expected ",
                                 expected, ", one per value"));
}

void require_number(double number, const char* what, std::size_t index, const std::string& where) {
  constexpr double kLargest = 1e15;
  if (std::abs(number) <= kLargest) return;  // false for NaN
  throw base::Error(base::concat(where, ": found the ", what, " ", number, " at ", index,
                                 ", expected a finite number of at most 1e15"));
}

void require_share(double number, const char* what, std::size_t index, const std::string& where) {
  constexpr double kRounding = 1e-6;
  if (number >= -kRounding && number <= 1 + kRounding) return;
  throw base::Error(base::concat(where, ": found the ", what, " ", number, " at ", index,
                                 ", expected a share from 0 to 1"));
}

void require_values(const Series& series, const Chart& chart, const std::string& where) {
  const auto check = [&](const std::vector<double>& numbers, const char* what) {
    for (std::size_t index = 0; index < numbers.size(); ++index) {
      require_number(numbers[index], what, index, where);
      if (chart.percent) require_share(numbers[index], what, index, where);
    }
  };
  if (series.values.empty()) throw base::Error(where + ": found no values, expected at least 1");
  check(series.values, "value");
  if (!series.levels.empty()) {
    if (chart.kind != ChartKind::kBars)
      throw base::Error(where + ": found levels, expected none: only bars have them");
    require_size(series.levels, series.values.size(), "levels", where);
    check(series.levels, "level");
  }
  if (series.low.empty() && series.high.empty()) return;
  require_size(series.low, series.values.size(), "low ends of ranges", where);
  require_size(series.high, series.values.size(), "high ends of ranges", where);
  check(series.low, "low end");
  check(series.high, "high end");
  for (std::size_t index = 0; index < series.low.size(); ++index) {
    if (series.low[index] <= series.high[index]) continue;
    throw base::Error(base::concat(where, ": found a range from ", series.low[index], " to ",
                                   series.high[index], " at ", index,
                                   ", expected its low end first"));
  }
}

void require_places(const Series& series, const Chart& chart, const std::string& where) {
  const std::size_t categories = chart.categories.size();
  if (series.x.empty() && categories > 0) {
    if (series.values.size() == categories) return;
    throw base::Error(base::concat(where, ": found ", series.values.size(), " values, expected ",
                                   categories, ", one per category"));
  }
  if (!series.x.empty()) require_size(series.x, series.values.size(), "x values", where);
  for (std::size_t index = 0; index < series.values.size(); ++index) {
    const double x = x_of(series, index);
    require_number(x, "x", index, where);
    const bool is_category = x >= 0 && x < static_cast<double>(categories) && x == std::floor(x);
    if (categories > 0 && !is_category) {
      throw base::Error(base::concat(where, ": found the x ", x, " at ", index,
                                     ", expected the index of one of ", categories, " categories"));
    }
    if (chart.log_x && x < 0) {
      throw base::Error(base::concat(where, ": found the x ", x, " at ", index,
                                     ", expected no negative number on a logarithmic axis"));
    }
  }
}

void require_drawable(const Chart& chart, const std::string& where) {
  const bool is_bars = chart.kind == ChartKind::kBars;
  if (is_bars && chart.categories.empty()) {
    throw base::Error(where + ": found no categories, expected at least 1 for bars");
  }
  if (chart.log_x && !chart.categories.empty()) {
    throw base::Error(where + ": found categories on a logarithmic axis, expected numbers");
  }
  const std::size_t most = is_bars ? kSeriesColours : kSeriesMarkers;
  if (chart.series.empty() || chart.series.size() > most) {
    throw base::Error(
        base::concat(where, ": found ", chart.series.size(), " series, expected 1 to ", most));
  }
  Canvas::require_size(kNarrowestCategory * static_cast<double>(chart.categories.size()), 1);
  const auto check = [&](const Series& series) {
    const std::string name = base::concat(where, ", ", base::quoted(series.name));
    require_values(series, chart, name);
    require_places(series, chart, name);
  };
  for (const Series& series : chart.series) check(series);
  if (chart.reference) check(*chart.reference);
}

}  // namespace

void require_drawable(const ChartPage& page) {
  if (page.panels.empty()) throw base::Error("the picture: found no chart, expected at least 1");
  if (page.columns < 1) {
    throw base::Error(
        base::concat("the picture: found ", page.columns, " columns, expected at least 1"));
  }
  for (const Chart& chart : page.panels) {
    require_drawable(chart, chart.title.empty() ? "chart" : printable(chart.title));
  }
}

}  // namespace qkv::render
