#include "render/chart/chart_marks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "render/chart/palette.h"

namespace qkv::render {
namespace {

constexpr double kLineWidth = 1.8;
constexpr double kMarkerRadius = 3.6;

/// Rounds to half units, which are whole pixels of a PNG.
double sharp(double place) { return std::round(place * 2) / 2; }

// Bars.

void draw_bar(cairo_t* context, std::size_t series, const Rect& bar) {
  const Colour colour = series_colour(series);
  cairo_rectangle(context, bar.x, bar.y, bar.width, bar.height);
  set_colour(context, colour);
  cairo_fill_preserve(context);
  set_colour(context, outline_colour(colour));
  cairo_set_line_width(context, 0.5);
  cairo_stroke(context);
}

/// An error bar with a white edge, so that it is visible on dark bars too.
void draw_range(cairo_t* context, double x, double low, double high, double cap) {
  if (low == high) return;
  for (const auto& [width, colour] : {std::pair{2.6, Colour{1, 1, 1}}, std::pair{1.0, kInk}}) {
    cairo_move_to(context, x, low);
    cairo_line_to(context, x, high);
    for (const double end : {low, high}) {
      cairo_move_to(context, x - cap / 2, end);
      cairo_line_to(context, x + cap / 2, end);
    }
    set_colour(context, colour, width > 1 ? 0.75 : 1);
    cairo_set_line_width(context, width);
    cairo_stroke(context);
  }
}

void draw_bars(cairo_t* context, const Chart& chart, const PanelLayout& panel) {
  const double slot = slot_width(chart, panel);
  const double gap = slot > 8 ? 2 : 0;
  const double base = panel.y.place(0);
  for (std::size_t index = 0; index < chart.series.size(); ++index) {
    const Series& series = chart.series[index];
    for (std::size_t bar = 0; bar < series.values.size(); ++bar) {
      const double x = place_x(chart, panel, index, x_of(series, bar));
      const double left = sharp(x - (slot - gap) / 2);
      const double right = sharp(x + (slot - gap) / 2);
      const double end = panel.y.place(series.values[bar]);
      draw_bar(context, index, {left, std::min(base, end), right - left, std::abs(base - end)});
    }
  }
}

void draw_bar_ranges(cairo_t* context, const Chart& chart, const PanelLayout& panel) {
  const double cap = std::min(7.0, slot_width(chart, panel) / 2);
  for (std::size_t index = 0; index < chart.series.size(); ++index) {
    const Series& series = chart.series[index];
    for (std::size_t bar = 0; bar < series.low.size(); ++bar) {
      const double x = sharp(place_x(chart, panel, index, x_of(series, bar)));
      draw_range(context, x, panel.y.place(series.low[bar]), panel.y.place(series.high[bar]), cap);
    }
  }
}

// Lines.

Point point_of(const Chart& chart, const PanelLayout& panel, std::size_t series,
               std::size_t index) {
  const Series& line = chart.series[series];
  return {place_x(chart, panel, series, x_of(line, index)), panel.y.place(line.values[index])};
}

void draw_band(cairo_t* context, const Chart& chart, const PanelLayout& panel, std::size_t index) {
  const Series& series = chart.series[index];
  if (series.low.empty()) return;
  const std::size_t count = series.values.size();
  const auto x = [&](std::size_t point) { return point_of(chart, panel, index, point).x; };
  if (count == 1) {
    constexpr double kCap = 7;
    draw_range(context, x(0), panel.y.place(series.low[0]), panel.y.place(series.high[0]), kCap);
    return;
  }
  for (std::size_t point = 0; point < count; ++point) {
    cairo_line_to(context, x(point), panel.y.place(series.high[point]));
  }
  for (std::size_t point = count; point-- > 0;) {
    cairo_line_to(context, x(point), panel.y.place(series.low[point]));
  }
  cairo_close_path(context);
  set_colour(context, series_colour(index), 0.17);
  cairo_fill(context);
}

void draw_line(cairo_t* context, const Chart& chart, const PanelLayout& panel, std::size_t index) {
  for (std::size_t point = 0; point < chart.series[index].values.size(); ++point) {
    const Point place = point_of(chart, panel, index, point);
    cairo_line_to(context, place.x, place.y);
  }
  set_colour(context, series_colour(index));
  cairo_set_line_width(context, kLineWidth);
  cairo_stroke(context);
}

void draw_marker(cairo_t* context, std::size_t series, const Point& place) {
  marker_path(context, series, place, kMarkerRadius);
  set_colour(context, {1, 1, 1});
  cairo_set_line_width(context, 2);
  cairo_stroke_preserve(context);
  set_colour(context, series_colour(series));
  cairo_fill(context);
}

/// A marker for each value, unless they would hide each other.
void draw_markers(cairo_t* context, const Chart& chart, const PanelLayout& panel,
                  std::size_t index) {
  constexpr double kApart = 2 * kMarkerRadius + 2;
  std::optional<Point> last;
  for (std::size_t point = 0; point < chart.series[index].values.size(); ++point) {
    const Point place = point_of(chart, panel, index, point);
    if (last && std::hypot(place.x - last->x, place.y - last->y) < kApart) continue;
    draw_marker(context, index, place);
    last = place;
  }
}

void draw_lines(cairo_t* context, const Chart& chart, const PanelLayout& panel) {
  cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND);
  for (const auto draw_part : {draw_band, draw_line, draw_markers}) {
    for (std::size_t index = 0; index < chart.series.size(); ++index) {
      draw_part(context, chart, panel, index);
    }
  }
  cairo_set_line_join(context, CAIRO_LINE_JOIN_MITER);
}

// The reference.

/// Strokes the path dashed, on a white edge.
void stroke_reference(cairo_t* context) {
  set_colour(context, {1, 1, 1}, 0.75);
  cairo_set_line_width(context, 3);
  cairo_stroke_preserve(context);
  constexpr std::array<double, 2> kDashes = {4, 2.5};
  cairo_set_dash(context, kDashes.data(), kDashes.size(), 0);
  set_colour(context, kInk);
  cairo_set_line_width(context, 1.3);
  cairo_stroke(context);
  cairo_set_dash(context, nullptr, 0, 0);
}

void draw_reference(cairo_t* context, const Chart& chart, const PanelLayout& panel) {
  const Series& reference = *chart.reference;
  for (std::size_t index = 0; index < reference.values.size(); ++index) {
    const double x = panel.x.place(x_of(reference, index));
    const double y = panel.y.place(reference.values[index]);
    if (chart.kind == ChartKind::kLines) {
      cairo_line_to(context, x, y);
      continue;
    }
    // A line across the bars of the category.
    const double half = group_width(chart, panel) / 2 + 3;
    cairo_move_to(context, x - half, y);
    cairo_line_to(context, x + half, y);
  }
  stroke_reference(context);
}

/// A line across each bar that has a level.
void draw_levels(cairo_t* context, const Chart& chart, const PanelLayout& panel) {
  const double half = slot_width(chart, panel) / 2;
  for (std::size_t index = 0; index < chart.series.size(); ++index) {
    const Series& series = chart.series[index];
    for (std::size_t bar = 0; bar < series.levels.size(); ++bar) {
      const double x = place_x(chart, panel, index, x_of(series, bar));
      const double y = panel.y.place(series.levels[bar]);
      cairo_move_to(context, x - half, y);
      cairo_line_to(context, x + half, y);
    }
  }
  stroke_reference(context);
}

}  // namespace

void draw_marks(cairo_t* context, const Chart& chart, const PanelLayout& panel) {
  const bool is_bars = chart.kind == ChartKind::kBars;
  if (is_bars) {
    draw_bars(context, chart, panel);
    draw_levels(context, chart, panel);
  }
  if (chart.reference) draw_reference(context, chart, panel);
  if (is_bars) {
    draw_bar_ranges(context, chart, panel);
  } else {
    draw_lines(context, chart, panel);
  }
}

void draw_sample(cairo_t* context, const Chart& chart, const LegendEntry& entry) {
  const Rect& sample = entry.sample;
  const Point middle = {sample.x + sample.width / 2, sample.y + sample.height / 2};
  const bool is_reference = entry.series >= chart.series.size();
  if (chart.kind == ChartKind::kBars && !is_reference) {
    const double top = sharp(middle.y - sample.width / 2);
    draw_bar(context, entry.series, {sharp(sample.x), top, sample.width, sample.width});
    return;
  }
  cairo_move_to(context, sample.x, middle.y);
  cairo_line_to(context, sample.x + sample.width, middle.y);
  if (is_reference) return stroke_reference(context);
  set_colour(context, series_colour(entry.series));
  cairo_set_line_width(context, kLineWidth);
  cairo_stroke(context);
  draw_marker(context, entry.series, middle);
}

}  // namespace qkv::render
