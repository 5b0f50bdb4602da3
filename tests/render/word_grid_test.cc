#include "render/word_grid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "render/pixels.h"
#include "render/text.h"
#include "scratch.h"

namespace qkv::render {
namespace {

using tests::Scratch;

/// Cells without words, so that each is of one colour; all colours differ.
WordGrid some_grid(std::size_t rows, std::size_t columns) {
  WordGrid grid;
  grid.title = "What each depth would predict";
  grid.subtitle = "runs/world · step 2000";
  grid.legend = "probability";
  grid.note = "bold: the word that comes next";
  const auto count = static_cast<float>(rows * columns);
  for (std::size_t row = 0; row < rows; ++row) {
    grid.row_labels.push_back("layer " + std::to_string(row));
    grid.cells.emplace_back();
    for (std::size_t column = 0; column < columns; ++column)
      grid.cells.back().push_back(
          {.word = " ", .share = static_cast<float>(row * columns + column + 1) / count});
  }
  grid.column_labels.assign(columns, "日本");
  return grid;
}

/// Where a colour is first met, row by row, and how often it is there.
struct Place {
  int x = 0;
  int y = 0;
  int pixels = 0;
};

std::map<unsigned, Place> places(const tests::Pixels& picture) {
  std::map<unsigned, Place> places;
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      Place& place = places[picture.at(x, y)];
      if (place.pixels++ == 0) place = {.x = x, .y = y, .pixels = 1};
    }
  }
  return places;
}

TEST(WordGrid, CellsStandInRowsAndBlocksOfColumns) {
  const Scratch scratch;
  constexpr std::size_t kRows = 2;
  constexpr std::size_t kColumns = 2 * kBlockColumns + 3;
  constexpr std::size_t kInBlock = 9;  // 27 columns in three blocks
  const WordGrid grid = some_grid(kRows, kColumns);
  draw_word_grid(grid, scratch / "words.png", PictureFormat::kPng);
  const tests::Pixels picture(scratch / "words.png");
  const std::map<unsigned, Place> found = places(picture);
  const auto place = [&](std::size_t row, std::size_t column) {
    const Place& at = found.at(tests::code(map_colour(grid.cells[row][column].share)));
    EXPECT_GT(at.pixels, 1000) << row << ", " << column;
    return at;
  };
  for (std::size_t column = 0; column < kColumns; ++column) {
    EXPECT_EQ(place(0, column).x, place(1, column).x);
    EXPECT_LT(place(0, column).y, place(1, column).y);
    if (column % kInBlock != 0) {
      EXPECT_EQ(place(0, column).y, place(0, column - 1).y);
      EXPECT_GT(place(0, column).x, place(0, column - 1).x);
    } else if (column > 0) {
      EXPECT_EQ(place(0, column).x, place(0, 0).x);
      EXPECT_GT(place(0, column).y, place(1, column - 1).y);
    }
  }
}

TEST(WordGrid, IsAsWideAsABlock) {
  const Scratch scratch;
  const auto width_of = [&](std::size_t columns) {
    draw_word_grid(some_grid(2, columns), scratch / "words.png", PictureFormat::kPng);
    return tests::Pixels(scratch / "words.png").width();
  };
  EXPECT_EQ(width_of(kBlockColumns + 2), width_of((kBlockColumns + 2) / 2));
  EXPECT_GT(width_of(kBlockColumns), width_of(kBlockColumns + 2));
}

TEST(WordGrid, ShowsItsWordsAndLabels) {
  const Scratch scratch;
  const auto drawn = [&](const WordGrid& grid, PictureFormat format) {
    draw_word_grid(grid, scratch / "words", format);
    return base::read_file(scratch / "words");
  };
  for (const auto format : {PictureFormat::kPng, PictureFormat::kSvg, PictureFormat::kPdf}) {
    const WordGrid grid = some_grid(2, 3);
    const std::string expected = drawn(grid, format);
    EXPECT_EQ(drawn(grid, format), expected);
    std::vector<WordGrid> others(6, grid);
    others[0].cells[1][2].word = "cat";
    others[1] = others[0];
    others[1].cells[1][2].strong = true;
    others[2].row_labels[0] = "layer 7";
    others[3].column_labels[2] = "cat";
    others[4].legend = "share";
    others[5].note = "";
    for (const WordGrid& other : others) EXPECT_NE(drawn(other, format), expected);
    EXPECT_NE(drawn(others[0], format), drawn(others[1], format));
  }
}

TEST(WordGrid, WhatCannotBeDrawnIsRefused) {
  const Scratch scratch;
  const auto refusal = [&](const WordGrid& grid) -> std::string {
    try {
      draw_word_grid(grid, scratch / "words.png", PictureFormat::kPng);
    } catch (const base::Error& error) {
      EXPECT_FALSE(std::filesystem::exists(scratch / "words.png"));
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(some_grid(0, 3)),
            "a table of words: found 0 rows and 3 columns, expected at least 1");
  WordGrid grid = some_grid(2, 3);
  grid.cells.pop_back();
  EXPECT_EQ(refusal(grid), "a table of words: found 1 rows of cells, expected 2");
  grid = some_grid(2, 3);
  grid.cells[1].pop_back();
  EXPECT_EQ(refusal(grid), "a table of words: found a row of 2 cells, expected 3");
  for (const float share : {-0.5F, 1.5F, std::numeric_limits<float>::quiet_NaN()}) {
    grid = some_grid(2, 3);
    grid.cells[1][1].share = share;
    EXPECT_TRUE(refusal(grid).starts_with("a table of words: found the share ")) << share;
  }
  EXPECT_NO_THROW(require_word_grid_fits(9, 700));
  EXPECT_THROW(require_word_grid_fits(9, 10000), base::Error);
}

}  // namespace
}  // namespace qkv::render
