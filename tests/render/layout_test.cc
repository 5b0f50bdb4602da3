#include "render/heatmap/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "render/overlap.h"

namespace qkv::render {
namespace {

using tests::Corners;
using tests::corners_of;
using tests::disjoint;

/// Labels of widths from 0 to 30 em, or only short ones.
MapLabels some_labels(std::size_t queries, std::size_t keys, double longest) {
  MapLabels labels;
  std::uint32_t state = 12345;
  const auto next = [&] {
    state = state * 1664525 + 1013904223;
    return longest * (state >> 8U) / (1U << 24U);
  };
  for (std::size_t row = 0; row < queries; ++row) labels.query_widths.push_back(next());
  for (std::size_t column = 0; column < keys; ++column) labels.key_widths.push_back(next());
  return labels;
}

FigureContent content_of(std::size_t maps, int columns, const MapLabels& labels, bool is_grid) {
  FigureContent content;
  content.maps.assign(maps, labels);
  content.columns = columns;
  content.is_grid = is_grid;
  content.header_width = 300;
  content.subtitle = true;
  content.legend_width = 390;
  return content;
}

/// All parts with text or cells, which must not overlap.
std::vector<Corners> parts(const FigureLayout& layout) {
  std::vector<Corners> out = {corners_of(layout.title), corners_of(layout.subtitle),
                              corners_of(layout.query_caption), corners_of(layout.key_caption)};
  Rect legend = layout.legend;
  legend.width *= layout.type;
  legend.height *= layout.type;
  out.push_back(corners_of(legend));
  for (const MapLayout& map : layout.maps) {
    out.push_back(corners_of(map.cells));
    if (map.title.height > 0) out.push_back(corners_of(map.title));
    for (const LabelBox& box : map.query_labels) out.push_back(corners(box));
    for (const LabelBox& box : map.key_labels) out.push_back(corners(box));
  }
  return out;
}

void expect_no_overlap(const FigureLayout& layout, const std::string& what) {
  const std::vector<Corners> all = parts(layout);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const Point& point : all[i]) {
      ASSERT_GE(point.x, 0) << what;
      ASSERT_GE(point.y, 0) << what;
      ASSERT_LE(point.x, layout.width) << what;
      ASSERT_LE(point.y, layout.height) << what;
    }
    for (std::size_t j = 0; j < i; ++j) {
      ASSERT_TRUE(disjoint(all[i], all[j])) << what << ": parts " << j << " and " << i;
    }
  }
}

TEST(Disjoint, TellsTurnedBoxesApart) {
  const LabelBox diagonal = {{0, 0}, 10, 2, std::acos(-1.0) / 4};
  EXPECT_FALSE(disjoint(corners(diagonal), corners_of({4, 4, 1, 1})));
  EXPECT_TRUE(disjoint(corners(diagonal), corners_of({4, 0, 1, 1})));
}

TEST(Layout, NothingOverlapsWithAnyNumberOfTokens) {
  for (std::size_t tokens = 1; tokens <= 256; tokens += tokens < 80 ? 1 : 11) {
    for (const double longest : {0.8, 4.0, 30.0}) {
      const FigureLayout layout =
          lay_out(content_of(1, 1, some_labels(tokens, tokens, longest), false));
      ASSERT_EQ(layout.maps[0].query_labels.size(), tokens);
      ASSERT_EQ(layout.maps[0].key_labels.size(), tokens);
      ASSERT_GE(layout.label_font, 7);
      expect_no_overlap(layout, std::to_string(tokens));
    }
  }
  expect_no_overlap(lay_out(content_of(1, 1, some_labels(256, 256, 30), false)), "256");
}

TEST(Layout, NothingOverlapsWhereQueriesAndKeysDiffer) {
  expect_no_overlap(lay_out(content_of(1, 1, some_labels(1, 200, 9), false)), "1 × 200");
  expect_no_overlap(lay_out(content_of(1, 1, some_labels(200, 1, 9), false)), "200 × 1");
}

TEST(Layout, NothingOverlapsInGrids) {
  for (const std::size_t maps : {1, 5, 8, 36}) {
    for (const int columns : {1, 4, 6}) {
      for (const std::size_t tokens : {1, 2, 12, 20, 40, 64}) {
        for (const bool shared : {true, false}) {
          FigureContent content = content_of(maps, columns, some_labels(tokens, tokens, 9), true);
          content.shared_labels = shared;
          expect_no_overlap(lay_out(content), std::to_string(maps) + " maps, " +
                                                  std::to_string(columns) + " columns, " +
                                                  std::to_string(tokens) + " tokens");
        }
      }
    }
  }
}

TEST(Layout, LabelsOfAGridStandOnItsOuterMaps) {
  const FigureLayout layout = lay_out(content_of(8, 4, some_labels(12, 12, 4), true));
  for (std::size_t map = 0; map < 8; ++map) {
    EXPECT_EQ(layout.maps[map].query_labels.size(), map % 4 == 0 ? 12 : 0) << map;
    EXPECT_EQ(layout.maps[map].key_labels.size(), map < 4 ? 12 : 0) << map;
  }
  EXPECT_EQ(layout.number_font, 0);
}

TEST(Layout, AGridOfManyTokensHasNoLabelsAndStaysBounded) {
  const FigureLayout layout = lay_out(content_of(144, 12, some_labels(256, 256, 4), true));
  EXPECT_EQ(layout.label_font, 0);
  EXPECT_TRUE(layout.maps[0].query_labels.empty());
  EXPECT_LT(std::max(layout.width, layout.height), 8000);
}

TEST(Layout, NumbersStandInLargeCellsOnly) {
  EXPECT_GT(lay_out(content_of(1, 1, some_labels(12, 12, 4), false)).number_font, 9);
  EXPECT_EQ(lay_out(content_of(1, 1, some_labels(60, 60, 4), false)).number_font, 0);
}

TEST(Layout, RowsAndColumnsMeetTheirLabels) {
  const FigureLayout layout = lay_out(content_of(1, 1, some_labels(30, 20, 4), false));
  const MapLayout& map = layout.maps[0];
  // Pixels in double: 1e-9 is thousands of roundings.
  for (std::size_t row = 0; row < 30; ++row) {
    EXPECT_NEAR(map.query_labels[row].start.y, map.cells.y + (row + 0.5) * layout.cell, 1e-9);
    EXPECT_LT(map.query_labels[row].start.x + map.query_labels[row].width, map.cells.x);
  }
  for (std::size_t column = 0; column < 20; ++column) {
    EXPECT_NEAR(map.key_labels[column].start.x, map.cells.x + (column + 0.5) * layout.cell, 1e-9);
  }
  EXPECT_EQ(map.cells.x, std::round(map.cells.x));
  EXPECT_EQ(map.cells.y, std::round(map.cells.y));
}

}  // namespace
}  // namespace qkv::render
