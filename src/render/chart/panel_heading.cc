#include "render/chart/panel_heading.h"

#include <algorithm>
#include <utility>

#include "render/label.h"

namespace qkv::render {
namespace {

using Role = PlacedText::Role;

/// The names and samples in rows above everything that is already there.
void place_legend(const Chart& chart, const Text& text, PanelLayout& panel) {
  std::vector<std::string> names;
  for (const Series& series : chart.series) names.push_back(printable(series.name));
  if (chart.reference) names.push_back(printable(chart.reference->name));
  if (has_levels(chart)) names.push_back(printable(chart.levels_name));
  if (names.size() < 2) return;
  constexpr double kRow = 17;
  constexpr double kBetween = 18;
  constexpr double kAfterSample = 6;
  const Text::Style style = {kLegendFont, kInk};
  constexpr double kSquare = 11;
  constexpr double kLineSample = 28;

  std::vector<PlacedText> placed;
  double x = 0;
  double y = 0;
  for (std::size_t index = 0; index < names.size(); ++index) {
    const bool is_series = index < chart.series.size();
    const double sample = is_series && chart.kind == ChartKind::kBars ? kSquare : kLineSample;
    const std::string& name = names[index];
    const double width =
        std::min(width_of(text, name, style), panel.plot.width - sample - kAfterSample);
    if (x > 0 && x + sample + kAfterSample + width > panel.plot.width) {
      x = 0;
      y += kRow;
    }
    panel.legend.push_back({index, {x, y, sample, kRow}});
    x += sample + kAfterSample;
    placed.push_back({Role::kLegend,
                      name,
                      {{x, y + kRow / 2}, width, kLegendFont * kLine, 0},
                      style,
                      Text::Align::kLeft});
    x += width + kBetween;
  }
  const double top = highest(panel.texts, 0) - 8 - (y + kRow);
  for (LegendEntry& entry : panel.legend) entry.sample.y += top;
  for (PlacedText& name : placed) {
    name.box.start.y += top;
    panel.texts.push_back(std::move(name));
  }
}

void place_title(const Chart& chart, PanelLayout& panel) {
  if (chart.title.empty()) return;
  const double height = kCaptionFont * kLine;
  const Point start = {0, highest(panel.texts, 0) - 6 - height / 2};
  panel.texts.push_back({Role::kTitle,
                         printable(chart.title),
                         {start, panel.plot.width, height, 0},
                         {kCaptionFont, kInk, true},
                         Text::Align::kLeft});
}

}  // namespace

void place_heading(const Chart& chart, const Text& text, PanelLayout& panel) {
  place_legend(chart, text, panel);
  place_title(chart, panel);
}

}  // namespace qkv::render
