#include "render/heatmap/legend.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"

namespace qkv::render {
namespace {

constexpr double kBarWidth = 220;
constexpr double kBarHeight = 10;
constexpr double kSwatchWidth = 18;
constexpr double kSpacing = 5;  // of the stripes that mean "closed"
constexpr const char* kClosed = "closed: key after query";

/// Lines x + y = a multiple of kSpacing, from edge to edge of `bounds`, on a ground without edges;
/// the clip removes the parts outside.
void draw_stripes(cairo_t* context, const Rect& bounds) {
  cairo_set_source_rgb(context, 0.965, 0.965, 0.97);
  cairo_paint(context);
  cairo_set_source_rgb(context, 0.83, 0.83, 0.845);
  cairo_set_line_width(context, 0.6);
  const double right = bounds.x + bounds.width;
  const double bottom = bounds.y + bounds.height;
  for (auto line = std::llround(std::ceil((bounds.x + bounds.y) / kSpacing));
       static_cast<double>(line) * kSpacing < right + bottom; ++line) {
    const double sum = static_cast<double>(line) * kSpacing;
    const double left_x = std::max(bounds.x, sum - bottom);
    const double right_x = std::min(right, sum - bounds.y);
    cairo_move_to(context, left_x, sum - left_x);
    cairo_line_to(context, right_x, sum - right_x);
  }
  cairo_stroke(context);
}

/// The stripes as an image of whole pixels that repeats.
cairo_surface_t* stripes_tile(cairo_t* context) {
  double pixels = kSpacing;
  double none = 0;
  cairo_user_to_device_distance(context, &pixels, &none);
  const int side = std::max(1, static_cast<int>(std::lround(pixels)));
  cairo_surface_t* tile =
      cairo_surface_create_similar_image(cairo_get_target(context), CAIRO_FORMAT_RGB24, side, side);
  cairo_t* drawing = cairo_create(tile);
  cairo_scale(drawing, side / kSpacing, side / kSpacing);
  constexpr double kBeyond = 1;  // so that the lines through its corners have their full width
  draw_stripes(drawing, {-kBeyond, -kBeyond, kSpacing + 2 * kBeyond, kSpacing + 2 * kBeyond});
  cairo_destroy(drawing);
  return tile;
}

}  // namespace

void fill_closed(cairo_t* context, const Rect& bounds) {
  cairo_save(context);
  if (cairo_surface_get_type(cairo_get_target(context)) == CAIRO_SURFACE_TYPE_IMAGE) {
    // Since Cairo would need a third of a picture's time for long thin lines.
    cairo_surface_t* tile = stripes_tile(context);
    cairo_identity_matrix(context);
    cairo_set_source_surface(context, tile, 0, 0);
    cairo_pattern_set_extend(cairo_get_source(context), CAIRO_EXTEND_REPEAT);
    cairo_fill(context);
    cairo_surface_destroy(tile);
  } else {
    cairo_clip(context);
    draw_stripes(context, bounds);
  }
  cairo_restore(context);
}

double legend_width(const Text& text, const std::string& name) {
  return std::max(kBarWidth, std::min(text.width(name) * kLegendFont, 2 * kBarWidth)) + 10;
}

double closed_width(const Text& text) {
  return kLegendGap + kSwatchWidth + 7 + std::ceil(text.width(kClosed) * kLegendFont);
}

void draw_legend(cairo_t* context, const Text& text, const std::string& name, const Scale& scale,
                 bool closed) {
  constexpr double kLineHeight = kLegendFont * kLine;
  const double name_width = legend_width(text, name) - 10;
  text.draw(context, name, Rect{0, 0, name_width, kLineHeight}, {kLegendFont, kInk},
            Text::Align::kLeft);

  const Rect bar = {0, kLineHeight + 4, kBarWidth, kBarHeight};
  cairo_pattern_t* colours = cairo_pattern_create_linear(bar.x, 0, bar.x + bar.width, 0);
  constexpr int kStops = 64;
  for (int stop = 0; stop <= kStops; ++stop) {
    const double place = static_cast<double>(stop) / kStops;
    const Colour colour = scale.colour(scale.bottom() + place * (scale.top - scale.bottom()));
    cairo_pattern_add_color_stop_rgb(colours, place, colour.red, colour.green, colour.blue);
  }
  cairo_rectangle(context, bar.x, bar.y, bar.width, bar.height);
  cairo_set_source(context, colours);
  cairo_fill_preserve(context);
  cairo_pattern_destroy(colours);
  cairo_set_source_rgb(context, 0.45, 0.45, 0.48);
  cairo_set_line_width(context, 0.5);
  cairo_stroke(context);

  const double bottom = bar.y + bar.height;
  const int last = static_cast<int>(std::lround(scale.top / scale.step));
  const int first = scale.has_sign ? -last : 0;
  for (int tick = first; tick <= last; ++tick) {
    const double value = tick * scale.step;
    const double x = bar.x + scale.fraction(value) * bar.width;
    cairo_move_to(context, x, bottom);
    cairo_line_to(context, x, bottom + 3);
    cairo_stroke(context);
    const std::string number =
        tick == 0 ? "0"
                  : base::concat(tick < 0 ? "−" : "", base::fixed(std::abs(value), scale.decimals));
    const double room = bar.width / (last - first);
    text.draw(context, number, Rect{x - room / 2, bottom + 4, room, kLineHeight},
              {kLegendFont, kInk}, Text::Align::kCentre);
  }

  if (!closed) return;
  const Rect swatch = {name_width + kLegendGap, bar.y, kSwatchWidth, kBarHeight};
  cairo_rectangle(context, swatch.x, swatch.y, swatch.width, swatch.height);
  fill_closed(context, swatch);
  cairo_rectangle(context, swatch.x, swatch.y, swatch.width, swatch.height);
  cairo_stroke(context);
  text.draw(context, kClosed,
            Rect{swatch.x + swatch.width + 7, swatch.y + (kBarHeight - kLineHeight) / 2,
                 std::ceil(text.width(kClosed) * kLegendFont) + 2, kLineHeight},
            {kLegendFont, kInk}, Text::Align::kLeft);
}

}  // namespace qkv::render
