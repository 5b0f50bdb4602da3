#include "render/chart/palette.h"

#include <array>
#include <cmath>
#include <numbers>

namespace qkv::render {
namespace {

constexpr double kUpwards = -std::numbers::pi / 2;

/// A polygon with `count` corners at alternating radii, the first at `angle`.
template <std::size_t Radii>
void star_path(cairo_t* context, const Point& centre, const std::array<double, Radii>& radii,
               int count, double angle) {
  for (int corner = 0; corner < count; ++corner) {
    const double turn = angle + 2 * std::numbers::pi * corner / count;
    const double radius = radii[static_cast<std::size_t>(corner) % Radii];
    cairo_line_to(context, centre.x + radius * std::cos(turn), centre.y + radius * std::sin(turn));
  }
  cairo_close_path(context);
}

/// A cross of four arms, each `arm` long and twice `half` wide, one of them at `angle`.
void cross_path(cairo_t* context, const Point& centre, double arm, double half, double angle) {
  for (int side = 0; side < 4; ++side) {
    const double turn = angle + side * std::numbers::pi / 2;
    for (const Point& corner : {Point{half, -half}, Point{arm, -half}, Point{arm, half}}) {
      cairo_line_to(context, centre.x + corner.x * std::cos(turn) - corner.y * std::sin(turn),
                    centre.y + corner.x * std::sin(turn) + corner.y * std::cos(turn));
    }
  }
  cairo_close_path(context);
}

}  // namespace

Colour series_colour(std::size_t index) {
  static constexpr auto kPart = [](int part) { return part / 255.0; };
  static constexpr std::array<std::array<int, 3>, kSeriesColours> kColours = {
      {{0, 114, 178},      // blue
       {230, 159, 0},      // orange
       {0, 158, 115},      // bluish green
       {204, 121, 167},    // reddish purple
       {0, 0, 0},          // black
       {86, 180, 233},     // sky blue
       {213, 94, 0},       // vermillion
       {153, 153, 153}}};  // grey, since their yellow is too pale on white paper
  const auto& [red, green, blue] = kColours[index % kSeriesColours];
  return {kPart(red), kPart(green), kPart(blue)};
}

Colour outline_colour(const Colour& colour) {
  constexpr double kShare = 0.7;
  return {colour.red * kShare, colour.green * kShare, colour.blue * kShare};
}

void set_colour(cairo_t* context, const Colour& colour, double opacity) {
  cairo_set_source_rgba(context, colour.red, colour.green, colour.blue, opacity);
}

void stroke_line(cairo_t* context, const Point& from, const Point& to, const Colour& colour,
                 double width) {
  cairo_move_to(context, from.x, from.y);
  cairo_line_to(context, to.x, to.y);
  set_colour(context, colour);
  cairo_set_line_width(context, width);
  cairo_stroke(context);
}

void marker_path(cairo_t* context, std::size_t index, const Point& centre, double radius) {
  cairo_new_path(context);
  switch ((index + index / kSeriesColours) % kSeriesColours) {
    case 0:
      cairo_arc(context, centre.x, centre.y, radius, 0, 2 * std::numbers::pi);
      cairo_close_path(context);
      break;
    case 1:
      star_path(context, centre, std::array{radius * 1.27}, 4, kUpwards / 2);
      break;
    case 2:
      star_path(context, {centre.x, centre.y + 0.2 * radius}, std::array{radius * 1.4}, 3,
                kUpwards);
      break;
    case 3:
      star_path(context, centre, std::array{radius * 1.35}, 4, kUpwards);
      break;
    case 4:
      cross_path(context, centre, radius * 1.3, radius * 0.45, 0);
      break;
    case 5:
      star_path(context, {centre.x, centre.y - 0.2 * radius}, std::array{radius * 1.4}, 3,
                -kUpwards);
      break;
    case 6:
      cross_path(context, centre, radius * 1.3, radius * 0.45, kUpwards / 2);
      break;
    default:
      star_path(context, centre, std::array{radius * 1.55, radius * 0.7}, 10, kUpwards);
      break;
  }
}

}  // namespace qkv::render
