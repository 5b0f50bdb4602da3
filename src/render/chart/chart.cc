#include "render/chart/chart.h"

#include <cmath>

#include "base/files.h"
#include "render/canvas.h"
#include "render/chart/chart_check.h"
#include "render/chart/chart_marks.h"
#include "render/chart/page_layout.h"
#include "render/chart/palette.h"
#include "render/label.h"

namespace qkv::render {
namespace {

constexpr Colour kGridColour = {0.88, 0.88, 0.89};

/// A line at each tick of y, under the data.
void draw_grid(cairo_t* context, const PanelLayout& panel) {
  for (const Tick& tick : panel.y.ticks) {
    const double y = std::round(panel.y.place(tick.value));
    stroke_line(context, {panel.plot.x, y}, {panel.plot.x + panel.plot.width, y}, kGridColour);
  }
}

/// The line of zero, or the plot's lower edge if zero is not shown, and the marks along x.
void draw_x_axis(cairo_t* context, const PanelLayout& panel) {
  constexpr double kTickLength = 4;
  const Rect& plot = panel.plot;
  const double bottom = plot.y + plot.height;
  const bool has_zero = panel.y.low <= 0 && panel.y.high >= 0;
  const double y = has_zero ? std::round(panel.y.place(0)) : bottom;
  stroke_line(context, {plot.x, y}, {plot.x + plot.width, y}, kGrey);
  for (const Tick& tick : panel.x.ticks) {
    const double x = std::round(panel.x.place(tick.value));
    stroke_line(context, {x, bottom}, {x, bottom + kTickLength}, kGrey);
  }
}

void draw_texts(cairo_t* context, const Text& text, const PanelLayout& panel) {
  for (const PlacedText& placed : panel.texts) {
    if (placed.role == PlacedText::Role::kValue) {
      // On top of the lines of the grid and of the reference.
      const Rect room = bounds(placed.box);
      cairo_set_source_rgba(context, 1, 1, 1, 0.85);
      cairo_rectangle(context, room.x, room.y + 1, room.width, room.height - 2);
      cairo_fill(context);
    }
    text.draw(context, placed.line, placed.box, placed.style, placed.align);
  }
}

std::string draw(const ChartPage& page, PictureFormat format) {
  require_drawable(page);
  const Text& text = Text::of_this_thread();
  const PageLayout layout = lay_out(page, text);
  Canvas canvas(layout.width, layout.height, format, printable(page.title));
  cairo_t* context = canvas.context();
  text.draw(context, printable(page.title), layout.title, {kTitleFont, kInk, true},
            Text::Align::kLeft);
  text.draw(context, printable(page.subtitle), layout.subtitle, {kSubtitleFont, kGrey},
            Text::Align::kLeft);
  for (std::size_t index = 0; index < page.panels.size(); ++index) {
    const Chart& chart = page.panels[index];
    const PanelLayout& panel = layout.panels[index];
    draw_grid(context, panel);
    // Bars start at the axis; markers cover it.
    if (chart.kind == ChartKind::kLines) draw_x_axis(context, panel);
    draw_marks(context, chart, panel);
    if (chart.kind == ChartKind::kBars) draw_x_axis(context, panel);
    for (const LegendEntry& entry : panel.legend) draw_sample(context, chart, entry);
    draw_texts(context, text, panel);
  }
  return canvas.finish();
}

}  // namespace

void draw_charts(const ChartPage& page, const std::filesystem::path& path, PictureFormat format) {
  base::write_file(path, draw(page, format));
}

}  // namespace qkv::render
