#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "render/picture_format.h"

namespace qkv::render {

/// A word on a ground whose colour shows a share.
struct WordCell {
  std::string word;
  float share = 0;  ///< in [0, 1] unless has_sign
  bool strong = false;
};

/// A table of words with labels, such as the most probable word at each depth (rows) of each token
/// (columns).
struct WordGrid {
  std::string title;
  std::string subtitle;
  std::vector<std::string> row_labels;
  std::vector<std::string> column_labels;    ///< any script
  std::vector<std::vector<WordCell>> cells;  ///< [row][column]
  bool has_sign = false;                     ///< any finite numbers, from blue to red
  std::string legend;                        ///< what the colour shows
  std::string note;                          ///< below the legend: what a strong word means
};

/// Draws the table, in blocks of about equal width, at most kBlockColumns columns, below each
/// other. A word that is too long for its cell ends in "…". Equal input gives equal bytes.
/// Throws Error if there is no row or column, a row has another length, a share is not in
/// [0, 1] (or not finite), no font is installed, the picture would be too large (16,000 pixels per
/// side) or the file cannot be written. Safe in several threads at once.
void draw_word_grid(const WordGrid& grid, const std::filesystem::path& path, PictureFormat format);

inline constexpr std::size_t kBlockColumns = 12;

/// Throws Error if a picture of this many rows and columns would be too large.
void require_word_grid_fits(std::size_t rows, std::size_t columns);

}  // namespace qkv::render
