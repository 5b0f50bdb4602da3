#include "render/chart/panel_layout.h"

#include <algorithm>
#include <cmath>

#include "render/chart/panel_axes.h"
#include "render/chart/panel_heading.h"

namespace qkv::render {
namespace {

using Role = PlacedText::Role;

/// The y of each dashed line that crosses the bar.
std::vector<double> dashed_lines(const Chart& chart, const PanelLayout& panel, const Series& bars,
                                 std::size_t index) {
  std::vector<double> lines;
  if (!bars.levels.empty()) lines.push_back(panel.y.place(bars.levels[index]));
  if (!chart.reference) return lines;
  const Series& reference = *chart.reference;
  for (std::size_t place = 0; place < reference.values.size(); ++place) {
    if (x_of(reference, place) == x_of(bars, index))
      lines.push_back(panel.y.place(reference.values[place]));
  }
  return lines;
}

std::vector<PlacedText> value_texts(const Chart& chart, const Text& text, const PanelLayout& panel,
                                    int decimals) {
  constexpr double kValueFont = 8.5;
  constexpr double kGap = 2;
  const Text::Style style = {kValueFont, kInk};
  const double half = kGap + kValueFont * kLine / 2;
  std::vector<PlacedText> out;
  for (std::size_t series = 0; series < chart.series.size(); ++series) {
    const Series& bars = chart.series[series];
    for (std::size_t index = 0; index < bars.values.size(); ++index) {
      const double value = bars.values[index];
      // Outside the bar and its range, on the side to which the bar grows.
      const double high = bars.high.empty() ? value : std::max(value, bars.high[index]);
      const double low = bars.low.empty() ? value : std::min(value, bars.low[index]);
      double y = value < 0 ? panel.y.place(low) + half : panel.y.place(high) - half;
      std::vector<double> lines = dashed_lines(chart, panel, bars, index);
      std::sort(lines.begin(), lines.end());
      if (value >= 0) std::reverse(lines.begin(), lines.end());
      for (const double line : lines) {  // the text moves past each line that it would touch
        if (std::abs(line - y) < half) y = value < 0 ? line + half : line - half;
      }
      const Point middle = {place_x(chart, panel, series, x_of(bars, index)), y};
      out.push_back(centred(Role::kValue, y_text(chart, value, decimals), middle, text, style));
    }
  }
  return out;
}

/// With one digit more than the ticks if that fits; without it if only that fits.
void place_values(const Chart& chart, const Text& text, PanelLayout& panel) {
  const int of_ticks = chart.percent ? 2 : panel.y.ticks.front().decimals;
  constexpr double kBetween = 4;  // otherwise, two numbers would read as one
  const double room = slot_width(chart, panel) - (chart.series.size() > 1 ? kBetween : 0);
  for (const int decimals : {of_ticks + 1, of_ticks}) {
    const std::vector<PlacedText> values = value_texts(chart, text, panel, decimals);
    const bool fit = std::all_of(values.begin(), values.end(),
                                 [&](const PlacedText& value) { return value.box.width <= room; });
    if (!fit) continue;
    panel.texts.insert(panel.texts.end(), values.begin(), values.end());
    return;
  }
}

}  // namespace

PanelLayout lay_out(const Chart& chart, const Text& text, double width) {
  PanelLayout panel;
  panel.plot = {0, 0, width, kPlotHeight};
  set_axes(chart, text, panel);
  if (chart.kind == ChartKind::kBars) place_values(chart, text, panel);
  place_axis_texts(chart, text, panel);
  place_heading(chart, text, panel);
  return panel;
}

bool has_levels(const Chart& chart) {
  return std::any_of(chart.series.begin(), chart.series.end(),
                     [](const Series& series) { return !series.levels.empty(); });
}

void move(PanelLayout& panel, const Point& by) {
  panel.plot.x += by.x;
  panel.plot.y += by.y;
  panel.x.begin += by.x;
  panel.x.end += by.x;
  panel.y.begin += by.y;
  panel.y.end += by.y;
  for (PlacedText& text : panel.texts) {
    text.box.start.x += by.x;
    text.box.start.y += by.y;
  }
  for (LegendEntry& entry : panel.legend) {
    entry.sample.x += by.x;
    entry.sample.y += by.y;
  }
}

void move_heading(PanelLayout& panel, double by) {
  for (PlacedText& text : panel.texts) {
    if (text.role == Role::kTitle || text.role == Role::kLegend) text.box.start.y += by;
  }
  for (LegendEntry& entry : panel.legend) entry.sample.y += by;
}

double group_width(const Chart& chart, const PanelLayout& panel) {
  constexpr double kBarsShare = 0.82;
  constexpr double kWidestSlot = 42;
  return std::min(kBarsShare * panel.plot.width / static_cast<double>(chart.categories.size()),
                  kWidestSlot * static_cast<double>(chart.series.size()));
}

double slot_width(const Chart& chart, const PanelLayout& panel) {
  return group_width(chart, panel) / static_cast<double>(chart.series.size());
}

double place_x(const Chart& chart, const PanelLayout& panel, std::size_t series, double x) {
  const double middle = panel.x.place(x);
  if (chart.categories.empty()) return middle;
  constexpr double kWidestDodge = 8;  // a marker's width
  constexpr double kWidestSpread = 48;
  const double slot = slot_width(chart, panel);
  const double dodge =
      std::min({slot, kWidestDodge, kWidestSpread / static_cast<double>(chart.series.size())});
  const double apart = chart.kind == ChartKind::kBars ? slot : dodge;
  const double from_middle =
      static_cast<double>(series) - (static_cast<double>(chart.series.size()) - 1) / 2;
  return middle + from_middle * apart;
}

}  // namespace qkv::render
