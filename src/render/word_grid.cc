#include "render/word_grid.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "render/canvas.h"
#include "render/heatmap/legend.h"
#include "render/label.h"
#include "render/text.h"

namespace qkv::render {
namespace {

constexpr double kWordMargin = 16;
constexpr double kCellWidth = 84;
constexpr double kCellHeight = 21;
constexpr double kWordFont = 11;
constexpr double kLineGap = 1;
constexpr double kRowLabelGap = 8;  // between the labels of rows and the cells
constexpr double kBlockGap = 14;    // below a block
constexpr double kMostLabel = 200;  // the width of a row's label
constexpr double kLegendHeight = kLegendFont * kLine + 4 + 10 + 4 + kLegendFont * kLine;

std::size_t block_count(std::size_t columns) {
  return (columns + kBlockColumns - 1) / kBlockColumns;
}

/// Of each block but the last, which may have fewer.
std::size_t block_columns(std::size_t columns) {
  const std::size_t blocks = block_count(columns);
  return (columns + blocks - 1) / blocks;
}

/// A row of column labels, and the cells.
double block_height(std::size_t rows) { return static_cast<double>(rows + 1) * kCellHeight; }

void require_valid(const WordGrid& grid) {
  if (grid.row_labels.empty() || grid.column_labels.empty())
    throw base::Error(base::concat("a table of words: found ", grid.row_labels.size(), " rows and ",
                                   grid.column_labels.size(), " columns, expected at least 1"));
  if (grid.cells.size() != grid.row_labels.size())
    throw base::Error(base::concat("a table of words: found ", grid.cells.size(),
                                   " rows of cells, expected ", grid.row_labels.size()));
  for (const std::vector<WordCell>& row : grid.cells) {
    if (row.size() != grid.column_labels.size())
      throw base::Error(base::concat("a table of words: found a row of ", row.size(),
                                     " cells, expected ", grid.column_labels.size()));
    for (const WordCell& cell : row) {
      if (grid.has_sign ? std::isfinite(cell.share) : cell.share >= 0 && cell.share <= 1) continue;
      throw base::Error(base::concat("a table of words: found the share ", cell.share,
                                     ", expected a ",
                                     grid.has_sign ? "finite number" : "number from 0 to 1"));
    }
  }
}

double header_height(const WordGrid& grid) {
  return kTitleFont * kLine + (grid.subtitle.empty() ? 0 : kSubtitleFont * kLine + 2) + 12;
}

/// The page of one table.
class WordPage {
 public:
  WordPage(const WordGrid& grid, const Text& text)
      : grid_(grid), text_(text), columns_(block_columns(grid.column_labels.size())) {
    for (const std::string& label : grid.row_labels)
      label_width_ =
          std::max(label_width_, std::ceil(text.width(printable(label)) * kWordFont) + 2);
    label_width_ = std::min(label_width_, kMostLabel);
    for (const std::vector<WordCell>& row : grid.cells)
      for (const WordCell& cell : row)
        scale_top_ = std::max(scale_top_, std::abs(static_cast<double>(cell.share)));
    scale_ = scale_for(scale_top_, grid.has_sign);
  }

  double width() const {
    const auto columns = static_cast<double>(columns_);
    const double header = std::max({text_.width(printable(grid_.title), true) * kTitleFont,
                                    text_.width(printable(grid_.subtitle)) * kSubtitleFont,
                                    text_.width(printable(grid_.note)) * kLegendFont});
    return 2 * kWordMargin +
           std::max({label_width_ + kRowLabelGap + columns * kCellWidth, header + 2,
                     label_width_ + kRowLabelGap + legend_width(text_, grid_.legend)});
  }

  double height() const {
    const auto blocks = static_cast<double>(block_count(grid_.column_labels.size()));
    return 2 * kWordMargin + header_height(grid_) +
           blocks * (block_height(grid_.row_labels.size()) + kBlockGap) + kLegendHeight +
           (grid_.note.empty() ? 0 : kLegendFont * kLine + 6);
  }

  void draw(cairo_t* context) const {
    const double inside = width() - 2 * kWordMargin;
    double y = kWordMargin;
    text_.draw(context, printable(grid_.title), Rect{kWordMargin, y, inside, kTitleFont * kLine},
               {kTitleFont, kInk, true}, Text::Align::kLeft);
    if (!grid_.subtitle.empty()) {
      text_.draw(context, printable(grid_.subtitle),
                 Rect{kWordMargin, y + kTitleFont * kLine + 2, inside, kSubtitleFont * kLine},
                 {kSubtitleFont, kGrey}, Text::Align::kLeft);
    }
    y += header_height(grid_);
    for (std::size_t first = 0; first < grid_.column_labels.size(); first += columns_) {
      draw_block(context, first, y);
      y += block_height(grid_.row_labels.size()) + kBlockGap;
    }
    cairo_save(context);
    cairo_translate(context, kWordMargin + label_width_ + kRowLabelGap, y);
    draw_legend(context, text_, printable(grid_.legend), scale_, /*closed=*/false);
    cairo_restore(context);
    if (grid_.note.empty()) return;
    text_.draw(context, printable(grid_.note),
               Rect{kWordMargin, y + kLegendHeight + 6, inside, kLegendFont * kLine},
               {kLegendFont, kGrey}, Text::Align::kLeft);
  }

 private:
  /// The columns from `first` on, as many as fit a block.
  void draw_block(cairo_t* context, std::size_t first, double y) const {
    const std::size_t end = std::min(first + columns_, grid_.column_labels.size());
    const double left = kWordMargin + label_width_ + kRowLabelGap;
    for (std::size_t column = first; column < end; ++column) {
      const double x = left + static_cast<double>(column - first) * kCellWidth;
      text_.draw(context, printable(grid_.column_labels[column]),
                 Rect{x + 2, y, kCellWidth - 4, kCellHeight}, {kWordFont, kInk, true},
                 Text::Align::kCentre);
    }
    for (std::size_t row = 0; row < grid_.row_labels.size(); ++row) {
      const double top = y + static_cast<double>(row + 1) * kCellHeight;
      text_.draw(context, printable(grid_.row_labels[row]),
                 Rect{kWordMargin, top, label_width_, kCellHeight}, {kWordFont, kInk},
                 Text::Align::kRight);
      for (std::size_t column = first; column < end; ++column) {
        draw_cell(context, grid_.cells[row][column],
                  {left + static_cast<double>(column - first) * kCellWidth, top,
                   kCellWidth - kLineGap, kCellHeight - kLineGap});
      }
    }
  }

  void draw_cell(cairo_t* context, const WordCell& cell, const Rect& box) const {
    const Colour ground = scale_.colour(cell.share);
    cairo_set_source_rgb(context, ground.red, ground.green, ground.blue);
    cairo_rectangle(context, box.x, box.y, box.width, box.height);
    cairo_fill(context);
    text_.draw(context, printable(cell.word), Rect{box.x + 3, box.y, box.width - 6, box.height},
               {kWordFont, text_colour(ground), cell.strong}, Text::Align::kCentre);
  }

  const WordGrid& grid_;
  const Text& text_;
  std::size_t columns_;  ///< of a block
  double label_width_ = 0;
  double scale_top_ = 0;
  Scale scale_;
};

}  // namespace

void require_word_grid_fits(std::size_t rows, std::size_t columns) {
  Canvas::require_size(
      kMostLabel + static_cast<double>(std::min(kBlockColumns, columns)) * kCellWidth,
      static_cast<double>(block_count(columns)) * (block_height(rows) + kBlockGap) + 200);
}

void draw_word_grid(const WordGrid& grid, const std::filesystem::path& path, PictureFormat format) {
  require_valid(grid);
  const Text& text = Text::of_this_thread();
  const WordPage page(grid, text);
  Canvas canvas(page.width(), page.height(), format, printable(grid.title));
  page.draw(canvas.context());
  base::write_file(path, canvas.finish());
}

}  // namespace qkv::render
