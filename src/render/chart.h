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
  /// Where each value stands: a number, or the index of its category. Empty: 0, 1, 2, … So a series
  /// need not have a value everywhere.
  std::vector<double> x = {};
  std::vector<double> low = {};   ///< where each value's range begins; empty: no ranges
  std::vector<double> high = {};  ///< and where it ends
  /// What each value is to be compared with, chance say: a dashed line over its own bar; empty:
  /// none. Bars only.
  std::vector<double> levels = {};
};

enum class ChartKind {
  /// A group of bars for each category, ranges as error bars; the values are written above, clear
  /// of dashed lines.
  kBars,
  kLines  ///< a line for each series, markers where they do not hide each other, ranges as bands
};

/// One chart, as plain arrays.
struct Chart {
  ChartKind kind = ChartKind::kBars;
  std::string title;
  std::string x_title;
  std::string y_title;
  std::vector<std::string> categories;  ///< what stands along x; empty (lines only): numbers do
  std::vector<Series> series;
  std::optional<Series> reference;  ///< a dashed line to compare with; its ranges are not drawn
  std::string levels_name = {};     ///< of the series' levels in the legend
  bool percent = false;  ///< all values are shares from 0 to 1, on an axis from 0 to 100%
  bool log_x = false;
};

/// Charts side by side and one below the other, under one title.
struct ChartPage {
  std::string title;
  std::string subtitle;  ///< e.g. where the numbers come from
  std::vector<Chart> panels;
  int columns = 1;  ///< panels to a row
};

/// Draws the page. Its colours are told apart by the colour-blind (render/palette.h), lines also by
/// the shapes of their markers. A legend stands above the data where there is more than one
/// thing to tell apart. Equal input gives equal bytes. Throws Error where a panel has no series, a
/// series no values, lengths differ, a number is not finite (or beyond 1e15) or outside what its
/// axis can show, a range ends before it begins, there are more than 8 series of bars or 64 lines,
/// no font is installed, the picture would be too large or the file cannot be written. Safe in
/// several threads at once.
void draw_charts(const ChartPage& page, const std::filesystem::path& path, PictureFormat format);

}  // namespace qkv::render
