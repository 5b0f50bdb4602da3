#pragma once

#include <cstddef>
#include <vector>

#include "render/box.h"
#include "render/chart/chart.h"
#include "render/chart/chart_axis.h"
#include "render/chart/placed_text.h"
#include "render/text.h"

namespace qkv::render {

/// A sample of a series in the legend; those of reference and levels have higher indices.
struct LegendEntry {
  std::size_t series = 0;
  Rect sample;
};

/// The layout of one chart.
struct PanelLayout {
  Rect plot;  ///< the ranges of the axes
  Axis x;
  Axis y;
  std::vector<PlacedText> texts;
  std::vector<LegendEntry> legend;
};

inline constexpr double kPlotHeight = 240;

/// The least room of a category: its label, rotated by 45°, then touches no other.
inline constexpr double kNarrowestCategory = 20;

/// One chart whose plot is `width` wide and has its upper left corner at (0, 0).
PanelLayout lay_out(const Chart& chart, const Text& text, double width);

/// Whether a series has levels.
bool has_levels(const Chart& chart);

/// Moves all of the panel, or only its title and legend.
void move(PanelLayout& panel, const Point& by);
void move_heading(PanelLayout& panel, double by);

/// The x coordinate of a series' value at `x`. In a category, the series are side by side, so that
/// all bars are visible and markers of equal values do not hide each other.
double place_x(const Chart& chart, const PanelLayout& panel, std::size_t series, double x);

/// The room along x of all bars of a category, and of one bar with the gap next to it.
double group_width(const Chart& chart, const PanelLayout& panel);
double slot_width(const Chart& chart, const PanelLayout& panel);

}  // namespace qkv::render
