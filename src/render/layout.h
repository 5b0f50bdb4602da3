#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace qkv::render {

// Where everything of a picture stands, as plain numbers: nothing here draws. One unit is 1/96 inch
// (a pixel of an SVG); x grows to the right, y downwards.

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

/// The room of a label: width × height, turned clockwise by `angle` (radians) about the middle of
/// its left edge, `start`.
struct LabelBox {
  Point start;
  double width = 0;
  double height = 0;
  double angle = 0;
};

std::array<Point, 4> corners(const LabelBox& box);

/// One map as the layout sees it: the widths of its labels in em (multiples of the font's size).
struct MapLabels {
  std::vector<double> query_widths;  ///< a row each
  std::vector<double> key_widths;    ///< a column each
};

/// What a figure must hold.
struct FigureContent {
  std::vector<MapLabels> maps;  ///< not empty, none without rows or columns
  int columns = 1;              ///< maps to a row
  bool is_grid = false;         ///< small maps, each with its own title; numbers only in a pair
  bool has_sign = false;        ///< some numbers have a sign
  bool shared_labels = true;    ///< all maps have the same labels: only the outer ones show them
  double header_width = 0;      ///< of the wider of title and subtitle
  bool subtitle = false;
  double legend_width = 0;
};

struct MapLayout {
  Rect cells;
  Rect title;                          ///< in a grid only
  std::vector<LabelBox> query_labels;  ///< empty where the map shows none
  std::vector<LabelBox> key_labels;
};

struct FigureLayout {
  double width = 0;
  double height = 0;
  double type = 1;  ///< how much larger header, captions, titles and legend are on a large page
  double cell = 0;  ///< side of a cell
  double label_font = 0;   ///< size; 0 where labels do not fit
  double number_font = 0;  ///< size of the numbers in the cells; 0 where they do not fit
  Rect title;
  Rect subtitle;
  Rect query_caption;  ///< along the left side, to be written upwards
  Rect key_caption;
  Rect legend;  ///< its origin on the page; its size before enlargement by `type`
  std::vector<MapLayout> maps;
};

/// Sizes of type, in units, on a page of common size.
inline constexpr double kTitleFont = 15;
inline constexpr double kSubtitleFont = 11;
inline constexpr double kCaptionFont = 12;
inline constexpr double kMapTitleFont = 11;
inline constexpr double kLegendFont = 10;

/// The smallest cell with a label, whose font is then 7 units.
inline constexpr double kSmallestLabelledCell = 9;

/// A line's height in multiples of its font's size.
inline constexpr double kLine = 1.2;

FigureLayout lay_out(const FigureContent& content);

}  // namespace qkv::render
