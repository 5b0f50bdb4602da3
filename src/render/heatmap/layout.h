#pragma once

#include <vector>

#include "render/box.h"

namespace qkv::render {

// The layout of a picture as plain numbers: nothing here draws.

/// The properties of one map that the layout needs: the widths of its labels in em (multiples of
/// the font size).
struct MapLabels {
  std::vector<double> query_widths;  ///< one per row
  std::vector<double> key_widths;    ///< one per column
};

/// The content of a figure.
struct FigureContent {
  std::vector<MapLabels> maps;  ///< not empty, none without rows or columns
  int columns = 1;              ///< maps per row
  bool is_grid = false;         ///< small maps, each with its own title; only a pair has numbers
  bool has_sign = false;        ///< some numbers have a sign
  bool shared_labels = true;    ///< all maps have the same labels: only the outer maps show them
  double header_width = 0;      ///< of the wider of title and subtitle
  bool subtitle = false;
  double legend_width = 0;
};

struct MapLayout {
  Rect cells;
  Rect title;                          ///< only in a grid
  std::vector<LabelBox> query_labels;  ///< empty if the map shows none
  std::vector<LabelBox> key_labels;
};

struct FigureLayout {
  double width = 0;
  double height = 0;
  double type = 1;         ///< enlargement of header, captions, titles and legend on a large page
  double cell = 0;         ///< side of a cell
  double label_font = 0;   ///< font size; 0 if labels do not fit
  double number_font = 0;  ///< font size of the numbers in the cells; 0 if they do not fit
  Rect title;
  Rect subtitle;
  Rect query_caption;  ///< along the left side, written upwards
  Rect key_caption;
  Rect legend;  ///< its origin on the page; its size before enlargement by `type`
  std::vector<MapLayout> maps;
};

/// The smallest cell with a label; its font size is then 7 units.
inline constexpr double kSmallestLabelledCell = 9;

FigureLayout lay_out(const FigureContent& content);

}  // namespace qkv::render
