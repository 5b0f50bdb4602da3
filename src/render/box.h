#pragma once

#include <array>

namespace qkv::render {

// Places on a page. One unit is 1/96 inch (a pixel of an SVG); x grows to the right, y downwards.

struct Point {
  double x = 0;
  double y = 0;
};

struct Rect {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

/// The room of a label: width × height, rotated clockwise by `angle` (radians) about `start`, the
/// middle of its left edge.
struct LabelBox {
  Point start;
  double width = 0;
  double height = 0;
  double angle = 0;
};

std::array<Point, 4> corners(const LabelBox& box);

/// Font sizes, in units, on a page of common size.
inline constexpr double kTitleFont = 15;
inline constexpr double kSubtitleFont = 11;
inline constexpr double kCaptionFont = 12;
inline constexpr double kMapTitleFont = 11;
inline constexpr double kLegendFont = 10;

/// A line's height in multiples of its font size.
inline constexpr double kLine = 1.2;

}  // namespace qkv::render
