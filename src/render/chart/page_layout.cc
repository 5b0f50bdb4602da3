#include "render/chart/page_layout.h"

#include <algorithm>
#include <cmath>

#include "render/chart/panel_axes.h"
#include "render/label.h"

namespace qkv::render {
namespace {

constexpr double kPageMargin = 24;
constexpr double kPanelGap = 34;

/// The room that a panel takes outside its plot.
struct Surround {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;

  void widen(const Surround& other) {
    left = std::max(left, other.left);
    top = std::max(top, other.top);
    right = std::max(right, other.right);
    bottom = std::max(bottom, other.bottom);
  }
};

Surround surround_of(const PanelLayout& panel) {
  Surround surround;
  for (const PlacedText& text : panel.texts) {
    const Rect room = bounds(text.box);
    surround.widen({-room.x, -room.y, room.x + room.width - panel.plot.width,
                    room.y + room.height - panel.plot.height});
  }
  return surround;
}

/// Places title and subtitle at the top; returns where they end.
double place_header(const ChartPage& page, PageLayout& out) {
  double y = kPageMargin;
  if (!page.title.empty()) {
    out.title = {kPageMargin, y, 0, kTitleFont * kLine};
    y += out.title.height + 3;
  }
  if (!page.subtitle.empty()) {
    out.subtitle = {kPageMargin, y, 0, kSubtitleFont * kLine};
    y += out.subtitle.height;
  }
  return y > kPageMargin ? y + 16 : y;
}

}  // namespace

PageLayout lay_out(const ChartPage& page, const Text& text) {
  const std::size_t count = page.panels.size();
  const std::size_t columns = std::min(static_cast<std::size_t>(page.columns), count);
  const std::size_t rows = (count + columns - 1) / columns;

  std::vector<double> widths(columns, 0.0);
  for (std::size_t index = 0; index < count; ++index) {
    double& width = widths[index % columns];
    width = std::max(width, plot_width(page.panels[index], text));
  }
  PageLayout out;
  std::vector<Surround> of_column(columns);
  std::vector<Surround> of_row(rows);
  for (std::size_t index = 0; index < count; ++index) {
    out.panels.push_back(lay_out(page.panels[index], text, widths[index % columns]));
    const Surround surround = surround_of(out.panels.back());
    of_column[index % columns].widen(surround);
    of_row[index / columns].widen(surround);
  }

  // Whole units, so that lines are on pixels.
  double right = kPageMargin;
  double bottom = place_header(page, out);
  for (std::size_t row = 0; row < rows; ++row) {
    const double y = std::ceil(bottom + of_row[row].top);
    double x = kPageMargin;
    for (std::size_t column = 0; column < columns; ++column) {
      const double left = std::ceil(x + of_column[column].left);
      const std::size_t index = row * columns + column;
      if (index < count) {
        // The headings of a row begin at one height, however many lines they have.
        move_heading(out.panels[index], surround_of(out.panels[index]).top - of_row[row].top);
        move(out.panels[index], {left, y});
      }
      x = left + widths[column] + of_column[column].right;
      right = std::max(right, x);
      x += kPanelGap;
    }
    bottom = y + kPlotHeight + of_row[row].bottom + (row + 1 < rows ? kPanelGap : 0);
  }
  constexpr double kWidestHeader = 620;
  const double header = std::max(text.width(printable(page.title), true) * kTitleFont,
                                 text.width(printable(page.subtitle)) * kSubtitleFont);
  right = std::max(right, kPageMargin + std::min(header + 2, kWidestHeader));
  out.title.width = out.subtitle.width = right - kPageMargin;
  out.width = std::ceil(right + kPageMargin);
  out.height = std::ceil(bottom + kPageMargin);
  return out;
}

}  // namespace qkv::render
