#include "render/heatmap/heatmap.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "leaks.h"
#include "render/colour_map.h"
#include "render/heatmap/figure.h"
#include "render/pixels.h"
#include "scratch.h"

namespace qkv::render {
namespace {

using tests::code;
using tests::Pixels;
using tests::Scratch;

constexpr PictureFormat kHeatmapFormats[] = {PictureFormat::kPng, PictureFormat::kSvg,
                                             PictureFormat::kPdf};

/// Rows that sum to 1 and are all different.
Heatmap some_map(std::size_t tokens, bool causal, const std::string& title = "Layer 0, head 1") {
  Heatmap map;
  map.title = title;
  map.subtitle = "runs/world · step 2000";
  map.causal = causal;
  const std::vector<std::string> words = {"the",     " cat", "日本",
                                          "العربية", "\n",   "unbelievably-long-word"};
  for (std::size_t query = 0; query < tokens; ++query) {
    map.query_labels.push_back(words[query % words.size()]);
    std::vector<float> row(tokens, 0.0F);
    const std::size_t open = causal ? query + 1 : tokens;
    float sum = 0;
    for (std::size_t key = 0; key < open; ++key) {
      row[key] = 0.01F + static_cast<float>((query * 7 + key * 13) % 29) / 29;
      sum += row[key];
    }
    for (float& weight : row) weight /= sum;
    map.weights.push_back(row);
  }
  map.key_labels = map.query_labels;
  return map;
}

FigureLayout layout_of(const Heatmap& map) {
  Figure figure;
  figure.maps = {&map};
  figure.title = map.title;
  figure.subtitle = map.subtitle;
  return lay_out(figure, Text());
}

std::string message_of(const Heatmap& map) {
  const Scratch scratch;
  try {
    draw_heatmap(map, scratch / "map.png", PictureFormat::kPng);
  } catch (const base::Error& error) {
    EXPECT_FALSE(std::filesystem::exists(scratch / "map.png"));
    return error.what();
  }
  return "no error";
}

TEST(Heatmap, WritesTheThreeFormats) {
  const Scratch scratch;
  const Heatmap map = some_map(5, true);
  const std::string openings[] = {"\x89PNG\r\n\x1A\n", "<?xml version=", "%PDF-1."};
  for (int format = 0; format < 3; ++format) {
    const auto path = scratch / ("map" + std::to_string(format));
    draw_heatmap(map, path, kHeatmapFormats[format]);
    const std::string bytes = base::read_file(path);
    EXPECT_EQ(bytes.substr(0, openings[format].size()), openings[format]);
    draw_heatmap_grid({map, map, map}, 2, "All heads", "step 1", path, kHeatmapFormats[format]);
    EXPECT_NE(base::read_file(path), bytes);
  }
}

TEST(Heatmap, PngHasTwoPixelsToAUnit) {
  const Scratch scratch;
  for (const std::size_t tokens : {1, 12, 100}) {
    const Heatmap map = some_map(tokens, true);
    draw_heatmap(map, scratch / "map.png", PictureFormat::kPng);
    const Pixels pixels(scratch / "map.png");
    const FigureLayout layout = layout_of(map);
    EXPECT_EQ(pixels.width(), 2 * layout.width);
    EXPECT_EQ(pixels.height(), 2 * layout.height);
    EXPECT_EQ(pixels.at(0, 0), 0xFFFFFFU);
  }
}

/// Every open cell has the colour of its weight on a scale up to 1, both in large cells
/// (rectangles) and in small ones (an image), next to all four of its edges; no closed cell has a
/// colour of the map.
void expect_colours(std::size_t tokens, bool causal) {
  const Scratch scratch;
  Heatmap map = some_map(tokens, causal);
  map.weights[0].assign(tokens, 0.0F);
  map.weights[0][0] = 1;  // so that the scale ends at 1
  draw_heatmap(map, scratch / "map.png", PictureFormat::kPng);
  const Pixels pixels(scratch / "map.png");
  const FigureLayout layout = layout_of(map);
  const Rect& cells = layout.maps[0].cells;
  const double cell = 2 * layout.cell;
  std::set<unsigned> of_map;
  for (int step = 0; step <= 1000; ++step) of_map.insert(code(map_colour(step / 1000.0)));
  for (std::size_t query = 0; query < tokens; ++query) {
    for (std::size_t key = 0; key < tokens; ++key) {
      const double left = 2 * cells.x + static_cast<double>(key) * cell;
      const double top = 2 * cells.y + static_cast<double>(query) * cell;
      const unsigned expected = code(map_colour(map.weights[query][key]));
      for (const double x : {left + 1, left + cell - 4}) {
        for (const double y : {top + 1, top + cell - 4}) {
          if (causal && key > query) {
            ASSERT_FALSE(of_map.contains(pixels.at(x, y))) << query << ", " << key;
          } else {
            ASSERT_EQ(pixels.at(x, y), expected) << query << ", " << key;
          }
        }
      }
    }
  }
}

TEST(Heatmap, CellsHaveTheColoursOfTheirWeights) {
  for (const std::size_t tokens : {1, 2, 12, 40, 100, 256}) {
    SCOPED_TRACE(tokens);
    expect_colours(tokens, false);
    expect_colours(tokens, true);
  }
}

TEST(Heatmap, ClosedCellsHaveStripesWithoutGaps) {
  const Scratch scratch;
  for (const std::size_t tokens : {12, 100}) {
    Heatmap map = some_map(tokens, true);
    draw_heatmap(map, scratch / "map.png", PictureFormat::kPng);
    const Pixels pixels(scratch / "map.png");
    const Rect cells = layout_of(map).maps[0].cells;
    // The upper right quarter; each stripe goes down to the left, a pixel at a time.
    const double right = 2 * (cells.x + cells.width) - 4;
    const double top = 2 * cells.y + 4;
    constexpr double kRounding = 1;  // Cairo computes how much of a pixel a stripe covers
    std::set<unsigned> colours;
    for (double x = right - cells.width / 2; x < right; ++x) {
      for (double y = top; y < top + cells.width / 2; ++y) {
        colours.insert(pixels.at(x, y));
        const auto red = [&](double to_left) { return pixels.at(x - to_left, y + to_left) >> 16U; };
        ASSERT_NEAR(red(0), red(1), kRounding) << tokens << ": " << x << ", " << y;
      }
    }
    EXPECT_GT(colours.size(), 1U);
  }
}

TEST(Heatmap, RowsAreQueriesAndColumnsAreKeys) {
  Heatmap map = some_map(8, false);
  for (auto& row : map.weights) row.assign(8, 0.0F);
  map.weights[1][6] = 1;
  const Scratch scratch;
  draw_heatmap(map, scratch / "map.png", PictureFormat::kPng);
  const Pixels pixels(scratch / "map.png");
  const FigureLayout layout = layout_of(map);
  const Rect& cells = layout.maps[0].cells;
  const auto at = [&](double query, double key) {
    return pixels.at(2 * (cells.x + key * layout.cell) + 3,
                     2 * (cells.y + query * layout.cell) + 3);
  };
  EXPECT_EQ(at(1, 6), code(map_colour(1)));
  EXPECT_EQ(at(6, 1), code(map_colour(0)));
}

TEST(Heatmap, DrawsInsideItsLabelsBoxesOnly) {
  // Around the boxes of the labels, the page stays white, however high a script's characters are.
  Heatmap map = some_map(100, false);
  map.query_labels.assign(100, "ẤẬ日العربيةg͎̎҉̇");
  map.key_labels = map.query_labels;
  const Scratch scratch;
  draw_heatmap(map, scratch / "map.png", PictureFormat::kPng);
  const Pixels pixels(scratch / "map.png");
  const FigureLayout layout = layout_of(map);
  int ink = 0;
  for (const LabelBox& box : layout.maps[0].query_labels) {
    const double top = 2 * (box.start.y - box.height / 2);
    const double bottom = 2 * (box.start.y + box.height / 2);
    for (double x = 2 * box.start.x; x < 2 * (box.start.x + box.width); ++x) {
      // A pixel's row that only touches the box's edge may be shaded.
      ASSERT_EQ(pixels.at(x, std::floor(top) - 1), 0xFFFFFFU);
      ASSERT_EQ(pixels.at(x, std::ceil(bottom)), 0xFFFFFFU);
      ink += pixels.at(x, (top + bottom) / 2) != 0xFFFFFFU;
    }
  }
  EXPECT_GT(ink, 1000);
}

TEST(Heatmap, EqualInputGivesEqualBytes) {
  const Scratch scratch;
  const auto path = scratch / "map";
  for (const PictureFormat format : kHeatmapFormats) {
    for (const std::size_t tokens : {7, 70}) {
      const Heatmap map = some_map(tokens, true);
      const std::vector<Heatmap> maps(5, map);
      draw_heatmap(map, path, format);
      const std::string first = base::read_file(path);
      draw_heatmap_grid(maps, 3, "All heads", "", path, format);
      const std::string first_grid = base::read_file(path);
      draw_heatmap(map, path, format);
      EXPECT_EQ(base::read_file(path), first);
      draw_heatmap_grid(maps, 3, "All heads", "", path, format);
      EXPECT_EQ(base::read_file(path), first_grid);
    }
  }
}

TEST(Heatmap, ThreadsGiveTheSameBytesAsOneAfterTheOther) {
  constexpr int kThreads = 6;
  std::string expected[kThreads];
  std::string found[kThreads];
  std::vector<Heatmap> maps;
  for (int thread = 0; thread < kThreads; ++thread) {
    maps.push_back(some_map(static_cast<std::size_t>(10 + 15 * (thread / 3)), thread % 2 == 0));
  }
  const auto draw_one = [&](int thread) {
    const Scratch scratch;
    draw_heatmap(maps[static_cast<std::size_t>(thread)], scratch / "map",
                 kHeatmapFormats[thread % 3]);
    return base::read_file(scratch / "map");
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int time = 0; time < 3; ++time) found[thread] = draw_one(thread);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int thread = 0; thread < kThreads; ++thread) {
    expected[thread] = draw_one(thread);
    EXPECT_TRUE(found[thread] == expected[thread]) << thread;
  }
}

TEST(Heatmap, WhatAThreadDrewBeforeChangesNothing) {
  const Scratch scratch;
  std::set<std::string> files;
  const auto draw_again = [&] {
    draw_heatmap(some_map(12, true), scratch / "map.svg", PictureFormat::kSvg);
    files.insert(base::read_file(scratch / "map.svg"));
  };
  std::thread(draw_again).join();
  std::thread([&] {
    // Labels at other angles and sizes, pages of other scales.
    for (const std::size_t tokens : {3, 40, 80, 12}) {
      for (const PictureFormat format : kHeatmapFormats) {
        draw_heatmap(some_map(tokens, true), scratch / "other", format);
        draw_again();
      }
    }
  }).join();
  EXPECT_EQ(files.size(), 1U);
}

TEST(Heatmap, FilesHoldNoTimeOfDrawing) {
  const Scratch scratch;
  draw_heatmap(some_map(3, true), scratch / "map.pdf", PictureFormat::kPdf);
  EXPECT_EQ(base::read_file(scratch / "map.pdf").find("CreationDate (D:202"), std::string::npos);
  ::sleep(1);  // PDF dates count seconds
  draw_heatmap(some_map(3, true), scratch / "later.pdf", PictureFormat::kPdf);
  EXPECT_EQ(base::read_file(scratch / "map.pdf"), base::read_file(scratch / "later.pdf"));
}

TEST(Heatmap, RefusesWhatIsNoMap) {
  EXPECT_EQ(message_of(some_map(0, true)),
            "Layer 0, head 1: found 0 query and 0 key labels, expected at least 1 token each");
  Heatmap map = some_map(3, true);
  map.weights.pop_back();
  EXPECT_EQ(message_of(map),
            "Layer 0, head 1: found 2 rows of weights, expected 3, one per query label");
  map = some_map(3, true);
  map.weights[1].push_back(0);
  EXPECT_EQ(message_of(map),
            "Layer 0, head 1: found 4 weights in row 1, expected 3, one per key label");
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(), -0.5F, 1.5F}) {
    map = some_map(3, true);
    map.weights[2][1] = bad;
    EXPECT_NE(message_of(map).find("in row 2, column 1, expected a number from 0 to 1"),
              std::string::npos)
        << message_of(map);
  }
}

TEST(Heatmap, RefusesAGridOfNothing) {
  const Scratch scratch;
  const auto path = scratch / "grid.png";
  EXPECT_THROW(draw_heatmap_grid({}, 2, "", "", path, PictureFormat::kPng), base::Error);
  EXPECT_THROW(draw_heatmap_grid({some_map(2, true)}, 0, "", "", path, PictureFormat::kPng),
               base::Error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Heatmap, RefusesAPictureThatIsTooLarge) {
  Heatmap map;
  map.query_labels = {"one"};
  map.key_labels.assign(100000, "many");
  map.weights = {std::vector<float>(100000, 0.0F)};
  EXPECT_NE(message_of(map).find("too large"), std::string::npos) << message_of(map);
}

TEST(Heatmap, DrawsHostileTexts) {
  Heatmap map = some_map(4, true, std::string("tit\0le\n\xFF\u202E", 11) + std::string(5000, 'x'));
  map.subtitle = std::string(100000, 'y');
  map.legend = std::string(1000, 'z');
  map.query_labels = {"", std::string(1000000, 'w'), std::string("\0", 1), "\xC3"};
  map.key_labels = {"a" + std::string(3000, '\xCC'), "\u202E", "\n\n\n", "<&>\"'"};
  const Scratch scratch;
  for (const PictureFormat format : kHeatmapFormats) draw_heatmap(map, scratch / "map", format);
}

TEST(Heatmap, SaysWhereTheFileCannotBeWritten) {
  try {
    draw_heatmap(some_map(2, true), "/nowhere/map.png", PictureFormat::kPng);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/"), std::string::npos) << error.what();
    EXPECT_EQ(error.fault(), base::Error::Fault::kRun);
  }
}

TEST(HeatmapDeathTest, AsksForAFontWhereThereIsNone) {
  // A separate process, since fontconfig reads its configuration once.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Scratch scratch;
  base::write_file(
      scratch / "fonts.conf",
      "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig/>");
  const auto draw_without_fonts = [&] {
    ::setenv("FONTCONFIG_FILE", (scratch / "fonts.conf").c_str(), 1);
    try {
      draw_heatmap(some_map(2, true), scratch / "map.png", PictureFormat::kPng);
    } catch (const base::Error& error) {
      std::cerr << error.what();
      ::_exit(3);
    }
    ::_exit(0);
  };
  EXPECT_EXIT(draw_without_fonts(), ::testing::ExitedWithCode(3), "found no font.*install");
}

}  // namespace
}  // namespace qkv::render
