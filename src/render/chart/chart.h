#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "render/picture_format.h"

namespace qkv::render {

/// Values that belong together: the bars of one colour, or one line.
struct Series {
  std::string name;
  std::vector<double> values;
  /// The x of each value: a number, or the index of its category. Empty: 0, 1, 2, … A series may
  /// omit categories.
  std::vector<double> x = {};
  std::vector<double> low = {};   ///< the lower end of each value's range; empty: no ranges
  std::vector<double> high = {};  ///< the upper end
  /// What each value is compared with, for example chance: a dashed line across its bar; empty:
  /// none. Only for bars.
  std::vector<double> levels = {};
};

enum class ChartKind {
  /// A group of bars for each category, with ranges as error bars; the values are written above,
  /// clear of dashed lines.
  kBars,
  kLines  ///< a line for each series, with markers unless they hide each other, ranges as bands
};

/// One chart, as plain arrays.
struct Chart {
  ChartKind kind = ChartKind::kBars;
  std::string title;
  std::string x_title;
  std::string y_title;
  std::vector<std::string> categories;  ///< the categories along x; empty (only for lines): numbers
  std::vector<Series> series;
  std::optional<Series> reference;  ///< a dashed line for comparison; its ranges are not drawn
  std::string levels_name = {};     ///< the name of the series' levels in the legend
  bool percent = false;  ///< all values are shares from 0 to 1, shown on an axis from 0 to 100%
  bool log_x = false;    ///< an x of 0 stands at the left, in the place of half the next x
};

/// Charts in a grid under one title.
struct ChartPage {
  std::string title;
  std::string subtitle;  ///< for example the source of the numbers
  std::vector<Chart> panels;
  int columns = 1;  ///< panels per row
};

/// Draws the page. Its colours can be told apart by people with colour blindness
/// (render/chart/palette.h), and lines also by the shapes of their markers. A legend is above the
/// data if there is more than one thing to tell apart. Equal input gives equal bytes. Throws Error
/// if a panel has no series, a series has no values, lengths differ, a number is not finite (or
/// beyond 1e15) or outside the range of its axis, a range ends before it begins, there are more
/// than 8 series of bars or 64 lines, no font is installed, the picture would be too large or the
/// file cannot be written. Safe in several threads at once.
void draw_charts(const ChartPage& page, const std::filesystem::path& path, PictureFormat format);

}  // namespace qkv::render
