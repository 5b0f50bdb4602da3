#include "render/chart/chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "render/chart/page_layout.h"
#include "render/chart/palette.h"
#include "render/overlap.h"
#include "render/pixels.h"
#include "scratch.h"

namespace qkv::render {
namespace {

using tests::code;
using tests::Corners;
using tests::corners_of;
using tests::disjoint;
using tests::Pixels;
using tests::Scratch;

constexpr PictureFormat kFormats[] = {PictureFormat::kPng, PictureFormat::kSvg,
                                      PictureFormat::kPdf};
const std::vector<std::string> kFamilies = {
    "reference meaning", "reference role", "sense", "modifier", "order",
    "agreement",         "recall",         "copy"};

/// Shares with ranges; the first is 1 and the last 0.
Series some_series(std::size_t index, std::size_t values) {
  Series series;
  series.name = "series " + std::to_string(index);
  for (std::size_t value = 0; value < values; ++value) {
    const double share = static_cast<double>((index * 5 + (values - value) * 13) % (values + 7)) /
                         static_cast<double>(values + 7);
    series.values.push_back(value == 0 ? 1 : value + 1 == values ? 0 : share);
    series.low.push_back(std::max(0.0, series.values.back() - 0.05));
    series.high.push_back(std::min(1.0, series.values.back() + 0.05));
  }
  return series;
}

Chart some_chart(ChartKind kind, std::size_t categories, std::size_t series) {
  Chart chart;
  chart.kind = kind;
  chart.title = "By family";
  chart.x_title = "family";
  chart.y_title = "share of probes";
  chart.percent = true;
  for (std::size_t index = 0; index < categories; ++index) {
    chart.categories.push_back(kFamilies[index % kFamilies.size()]);
  }
  for (std::size_t index = 0; index < series; ++index) {
    chart.series.push_back(some_series(index, categories));
  }
  chart.reference = some_series(series, categories);
  chart.reference->name = "guessing";
  return chart;
}

/// Values over numbers, for example a loss over steps.
Chart some_curves(std::size_t points, bool log_x) {
  Chart chart = some_chart(ChartKind::kLines, points, 4);
  chart.categories.clear();
  chart.percent = false;
  chart.log_x = log_x;
  for (Series& series : chart.series) {
    for (std::size_t point = 0; point < points; ++point) {
      series.x.push_back(100 * std::pow(1.7, static_cast<double>(point)));
    }
  }
  chart.reference->x = chart.series.front().x;
  return chart;
}

std::vector<ChartPage> some_pages() {
  std::vector<ChartPage> pages;
  for (const ChartKind kind : {ChartKind::kBars, ChartKind::kLines}) {
    for (const std::size_t categories : {1, 2, 6, 8, 30, 100}) {
      for (const std::size_t series : {1, 3, 8}) {
        pages.push_back({"Title", "subtitle", {some_chart(kind, categories, series)}, 1});
      }
    }
  }
  for (const bool log_x : {false, true}) {
    for (const std::size_t points : {1, 2, 12, 50}) {
      pages.push_back({"Title", "", {some_curves(points, log_x)}, 1});
    }
  }
  const Chart bars = some_chart(ChartKind::kBars, 8, 3);
  const Chart lines = some_chart(ChartKind::kLines, 6, 8);
  Chart negative = some_chart(ChartKind::kBars, 24, 2);
  negative.percent = false;
  for (Series& series : negative.series) {
    for (double& value : series.values) value -= 0.5;
    series.low.clear();
    series.high.clear();
  }
  for (const int columns : {1, 2, 3}) {
    pages.push_back({"Title", "subtitle", {bars, lines, negative, some_curves(9, true)}, columns});
  }
  return pages;
}

std::string message_of(const ChartPage& page) {
  const Scratch scratch;
  try {
    draw_charts(page, scratch / "chart.png", PictureFormat::kPng);
  } catch (const base::Error& error) {
    EXPECT_FALSE(std::filesystem::exists(scratch / "chart.png"));
    return error.what();
  }
  return "no error";
}

std::string message_of(const Chart& chart) { return message_of(ChartPage{"", "", {chart}, 1}); }

bool inside(const Rect& inner, const Rect& outer) {
  constexpr double kRounding = 1e-9;  // of pixels in double: thousands of roundings
  return inner.x >= outer.x - kRounding && inner.y >= outer.y - kRounding &&
         inner.x + inner.width <= outer.x + outer.width + kRounding &&
         inner.y + inner.height <= outer.y + outer.height + kRounding;
}

TEST(Chart, NoTextTouchesAnother) {
  const Text text;
  for (const ChartPage& page : some_pages()) {
    const PageLayout layout = lay_out(page, text);
    std::vector<Corners> all = {corners_of(layout.title), corners_of(layout.subtitle)};
    for (const PanelLayout& panel : layout.panels) {
      for (const PlacedText& placed : panel.texts) all.push_back(corners(placed.box));
      for (const LegendEntry& entry : panel.legend) all.push_back(corners_of(entry.sample));
    }
    for (std::size_t a = 0; a < all.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        ASSERT_TRUE(disjoint(all[a], all[b]))
            << page.panels[0].categories.size() << " categories, " << page.panels[0].series.size()
            << " series, " << page.columns << " columns: " << a << ", " << b;
      }
    }
  }
}

TEST(Chart, AllOfItIsOnThePage) {
  const Text text;
  for (const ChartPage& page : some_pages()) {
    const PageLayout layout = lay_out(page, text);
    const Rect whole = {0, 0, layout.width, layout.height};
    EXPECT_TRUE(inside(layout.title, whole));
    for (const PanelLayout& panel : layout.panels) {
      EXPECT_TRUE(inside(panel.plot, whole));
      for (const PlacedText& placed : panel.texts) {
        EXPECT_TRUE(inside(bounds(placed.box), whole)) << placed.line;
      }
    }
  }
}

TEST(Chart, OnlyValuesStandOverTheData) {
  const Text text;
  for (const ChartPage& page : some_pages()) {
    const PageLayout layout = lay_out(page, text);
    for (const PanelLayout& panel : layout.panels) {
      for (const LegendEntry& entry : panel.legend) {
        EXPECT_TRUE(disjoint(corners_of(panel.plot), corners_of(entry.sample)));
      }
      for (const PlacedText& placed : panel.texts) {
        if (placed.role == PlacedText::Role::kValue) continue;
        EXPECT_TRUE(disjoint(corners_of(panel.plot), corners(placed.box))) << placed.line;
      }
    }
  }
}

TEST(Chart, EveryValueLiesInThePlot) {
  const Text text;
  for (const ChartPage& page : some_pages()) {
    const PageLayout layout = lay_out(page, text);
    for (std::size_t index = 0; index < page.panels.size(); ++index) {
      const Chart& chart = page.panels[index];
      const PanelLayout& panel = layout.panels[index];
      for (std::size_t series = 0; series < chart.series.size(); ++series) {
        const Series& one = chart.series[series];
        for (std::size_t value = 0; value < one.values.size(); ++value) {
          const double x = place_x(chart, panel, series, x_of(one, value));
          EXPECT_TRUE(inside({x, panel.y.place(one.values[value]), 0, 0}, panel.plot));
        }
      }
    }
  }
}

TEST(Chart, NoDashedLineCrossesANumber) {
  const Text text;
  std::vector<ChartPage> pages = some_pages();
  Chart levels = some_chart(ChartKind::kBars, 8, 3);
  levels.reference.reset();
  levels.levels_name = "chance";
  for (Series& series : levels.series) series.levels = series.values;  // each line at its bar's end
  pages.push_back({"Title", "", {levels}, 1});
  for (double& level : levels.series[0].levels) level = std::min(1.0, level + 0.08);
  pages.push_back({"Title", "", {levels}, 1});
  std::size_t numbers = 0;
  for (const ChartPage& page : pages) {
    const PageLayout layout = lay_out(page, text);
    for (std::size_t index = 0; index < page.panels.size(); ++index) {
      const Chart& chart = page.panels[index];
      const PanelLayout& panel = layout.panels[index];
      if (chart.kind != ChartKind::kBars) continue;
      for (const PlacedText& placed : panel.texts) {
        if (placed.role != PlacedText::Role::kValue) continue;
        ++numbers;
        const Rect box = bounds(placed.box);
        const double x = box.x + box.width / 2;
        const auto expect_clear = [&](double line_x, double width, double value) {
          if (std::abs(line_x - x) > width / 2) return;
          const double y = panel.y.place(value);
          // As in inside().
          EXPECT_TRUE(y <= box.y + 1e-9 || y >= box.y + box.height - 1e-9) << placed.line;
        };
        if (chart.reference) {
          for (std::size_t at = 0; at < chart.reference->values.size(); ++at) {
            expect_clear(panel.x.place(x_of(*chart.reference, at)), group_width(chart, panel),
                         chart.reference->values[at]);
          }
        }
        for (std::size_t series = 0; series < chart.series.size(); ++series) {
          const Series& bars = chart.series[series];
          for (std::size_t at = 0; at < bars.levels.size(); ++at) {
            expect_clear(place_x(chart, panel, series, x_of(bars, at)), slot_width(chart, panel),
                         bars.levels[at]);
          }
        }
      }
    }
  }
  EXPECT_GT(numbers, 100U);
}

TEST(Chart, DrawsALevelOverItsOwnBarAlone) {
  Chart chart = some_chart(ChartKind::kBars, 3, 2);
  chart.reference.reset();
  for (Series& series : chart.series) {
    series.low.clear();
    series.high.clear();
    series.values = {0.1, 0.1, 0.1};
  }
  chart.series[1].levels = {0.5, 0.5, 0.5};
  chart.levels_name = "chance";
  const Scratch scratch;
  const ChartPage page = {"", "", {chart}, 1};
  draw_charts(page, scratch / "chart.png", PictureFormat::kPng);
  const Pixels pixels(scratch / "chart.png");
  const PanelLayout panel = lay_out(page, Text()).panels[0];
  EXPECT_EQ(panel.legend.size(), 3U);
  const auto has_ink = [&](std::size_t series) {
    const double middle = place_x(chart, panel, series, 1);
    const double half = slot_width(chart, panel) / 2 - 2;
    for (double x = middle - half; x < middle + half; x += 0.5) {
      const unsigned colour = pixels.at(2 * x, 2 * panel.y.place(0.5));
      if ((colour & 0xFFU) < 0x60U) return true;
    }
    return false;
  };
  EXPECT_FALSE(has_ink(0));
  EXPECT_TRUE(has_ink(1));
  chart.series[1].levels.pop_back();
  EXPECT_EQ(message_of(chart),
            "By family, \"series 1\": found 2 levels, expected 3, one per value");
}

TEST(Chart, WritesTheValuesWhereTheyFit) {
  const Text text;
  const auto values = [&](const Chart& chart) {
    std::vector<std::string> lines;
    const PageLayout layout = lay_out({"", "", {chart}, 1}, text);
    for (const PlacedText& placed : layout.panels[0].texts) {
      if (placed.role == PlacedText::Role::kValue) lines.push_back(placed.line);
    }
    return lines;
  };
  Chart chart = some_chart(ChartKind::kBars, 2, 1);
  chart.series[0].values = {0.5, 0.123};
  EXPECT_EQ(values(chart), (std::vector<std::string>{"50.0", "12.3"}));
  EXPECT_TRUE(values(some_chart(ChartKind::kBars, 60, 4)).empty());
  EXPECT_TRUE(values(some_chart(ChartKind::kLines, 2, 1)).empty());
}

TEST(Chart, HasALegendWhereThereIsMoreThanOneThing) {
  const Text text;
  Chart chart = some_chart(ChartKind::kBars, 3, 1);
  EXPECT_EQ(lay_out({"", "", {chart}, 1}, text).panels[0].legend.size(), 2U);
  chart.reference.reset();
  EXPECT_EQ(lay_out({"", "", {chart}, 1}, text).panels[0].legend.size(), 0U);
}

TEST(Chart, PanelsAreAligned) {
  const ChartPage page = {"",
                          "",
                          {some_chart(ChartKind::kBars, 8, 3), some_chart(ChartKind::kLines, 6, 8),
                           some_curves(9, false), some_curves(9, true)},
                          2};
  const PageLayout layout = lay_out(page, Text());
  for (const std::size_t first : {0U, 1U}) {
    EXPECT_EQ(layout.panels[first].plot.x, layout.panels[first + 2].plot.x);
    EXPECT_EQ(layout.panels[first].plot.width, layout.panels[first + 2].plot.width);
    EXPECT_EQ(layout.panels[2 * first].plot.y, layout.panels[2 * first + 1].plot.y);
  }
}

TEST(Chart, AxesMapTheirEndsAndMiddles) {
  const Axis linear = {.low = -1, .high = 3, .begin = 100, .end = 20, .ticks = {}};
  EXPECT_DOUBLE_EQ(linear.place(-1), 100);
  EXPECT_DOUBLE_EQ(linear.place(1), 60);
  EXPECT_DOUBLE_EQ(linear.place(3), 20);
  const Axis log = {
      .low = 1, .high = 10000, .begin = 0, .end = 40, .logarithmic = true, .ticks = {}};
  EXPECT_DOUBLE_EQ(log.place(100), 20);
  // In double: dozens of roundings of a number below 40.
  EXPECT_NEAR(log.place(2000), 40 * std::log(2000) / std::log(10000), 1e-12);
}

TEST(Chart, ALogarithmicAxisHasAPlaceForZero) {
  Chart chart = some_curves(3, true);
  chart.reference.reset();
  for (Series& series : chart.series) series.x = {0, 4, 64};
  Axis axis = x_axis(chart, 10);
  axis.end = 100;
  EXPECT_EQ(axis.ticks.front().value, 0);
  EXPECT_GT(axis.ticks[1].value, 3);
  EXPECT_GT(axis.place(0), 0);
  // 0 is as far from 4 as 4 is from 8.
  EXPECT_NEAR(axis.place(4) - axis.place(0), axis.place(8) - axis.place(4), 1e-9);
  for (Series& series : chart.series) series.x = {0, 0, 0};
  EXPECT_EQ(x_axis(chart, 10).ticks.front().value, 0);
  const Scratch scratch;
  EXPECT_NO_THROW(draw_charts({"", "", {chart}, 1}, scratch / "zero.png", PictureFormat::kPng));
}

TEST(Chart, BarsReachTheirValues) {
  Chart chart = some_chart(ChartKind::kBars, 4, 2);
  chart.reference.reset();
  for (Series& series : chart.series) {
    series.low.clear();
    series.high.clear();
  }
  chart.series[0].values = {0.25, 0.5, 0.75, 1};
  chart.series[1].values = {0.9, 0.1, 0.3};
  chart.series[1].x = {3, 1, 0};  // none for category 2
  const Scratch scratch;
  const ChartPage page = {"", "", {chart}, 1};
  draw_charts(page, scratch / "chart.png", PictureFormat::kPng);
  const Pixels pixels(scratch / "chart.png");
  const PanelLayout panel = lay_out(page, Text()).panels[0];
  const auto at = [&](std::size_t series, double category, double share) {
    const double x = place_x(chart, panel, series, category);
    const double y = panel.plot.y + (1 - share) * panel.plot.height;
    return pixels.at(2 * x, 2 * y);
  };
  for (std::size_t series = 0; series < 2; ++series) {
    const unsigned colour = code(series_colour(series));
    const Series& bars = chart.series[series];
    for (std::size_t index = 0; index < bars.values.size(); ++index) {
      const double value = bars.values[index];
      const double x = x_of(bars, index);
      EXPECT_EQ(at(series, x, value - 0.02), colour);
      EXPECT_EQ(at(series, x, 0.02), colour);
      if (value > 0.85) continue;
      EXPECT_EQ(at(series, x, value + 0.11), 0xFFFFFFU);
    }
  }
  EXPECT_EQ(at(1, 2, 0.02), 0xFFFFFFU);
}

TEST(Chart, LinesPassThroughTheirValues) {
  Chart chart = some_chart(ChartKind::kLines, 5, 3);
  chart.reference.reset();
  const Scratch scratch;
  const ChartPage page = {"", "", {chart}, 1};
  draw_charts(page, scratch / "chart.png", PictureFormat::kPng);
  const Pixels pixels(scratch / "chart.png");
  const PanelLayout panel = lay_out(page, Text()).panels[0];
  for (std::size_t series = 0; series < 3; ++series) {
    for (std::size_t point = 0; point < 5; ++point) {
      const double share = chart.series[series].values[point];
      const double y = panel.plot.y + (1 - share) * panel.plot.height;
      const double x = place_x(chart, panel, series, static_cast<double>(point));
      EXPECT_EQ(pixels.at(2 * x, 2 * y), code(series_colour(series))) << series << ", " << point;
    }
  }
}

/// The corners of a marker, as text.
std::string marker(std::size_t series) {
  cairo_surface_t* surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR_ALPHA, nullptr);
  cairo_t* context = cairo_create(surface);
  marker_path(context, series, {0, 0}, 100);
  cairo_path_t* path = cairo_copy_path_flat(context);
  std::string out;
  for (int index = 0; index < path->num_data; index += path->data[index].header.length) {
    if (path->data[index].header.length < 2) continue;
    const auto& point = path->data[index + 1].point;
    out += std::to_string(std::lround(point.x)) + "," + std::to_string(std::lround(point.y)) + " ";
  }
  cairo_path_destroy(path);
  cairo_destroy(context);
  cairo_surface_destroy(surface);
  return out;
}

TEST(Chart, SeriesDifferInColourAndMarker) {
  std::set<unsigned> colours;
  std::set<std::string> markers;
  std::set<std::pair<unsigned, std::string>> both;
  for (std::size_t index = 0; index < kSeriesMarkers; ++index) {
    const unsigned colour = code(series_colour(index));
    if (index < kSeriesColours) {
      colours.insert(colour);
      markers.insert(marker(index));
      EXPECT_GT(contrast(series_colour(index), {1, 1, 1}), 1.9) << index;
    }
    both.insert({colour, marker(index)});
  }
  EXPECT_EQ(colours.size(), kSeriesColours);
  EXPECT_EQ(markers.size(), kSeriesColours);
  EXPECT_EQ(both.size(), kSeriesMarkers);
}

TEST(Chart, WritesTheThreeFormatsEqualBytesEachTime) {
  const Scratch scratch;
  const std::string openings[] = {"\x89PNG\r\n\x1A\n", "<?xml version=", "%PDF-1."};
  const ChartPage page = {"Title",
                          "subtitle",
                          {some_chart(ChartKind::kBars, 8, 3), some_chart(ChartKind::kLines, 6, 3),
                           some_curves(9, true)},
                          2};
  for (int format = 0; format < 3; ++format) {
    draw_charts(page, scratch / "chart", kFormats[format]);
    const std::string first = base::read_file(scratch / "chart");
    EXPECT_EQ(first.substr(0, openings[format].size()), openings[format]);
    std::thread([&] { draw_charts(page, scratch / "chart", kFormats[format]); }).join();
    EXPECT_TRUE(base::read_file(scratch / "chart") == first) << format;
  }
}

TEST(Chart, RefusesWhatIsNoChart) {
  EXPECT_EQ(message_of(ChartPage{}), "the picture: found no chart, expected at least 1");
  ChartPage page = {"", "", {some_chart(ChartKind::kBars, 3, 1)}, 0};
  EXPECT_EQ(message_of(page), "the picture: found 0 columns, expected at least 1");
  EXPECT_EQ(message_of(some_chart(ChartKind::kBars, 0, 1)),
            "By family: found no categories, expected at least 1 for bars");
  EXPECT_EQ(message_of(some_chart(ChartKind::kBars, 3, 0)),
            "By family: found 0 series, expected 1 to 8");
  EXPECT_EQ(message_of(some_chart(ChartKind::kBars, 3, 9)),
            "By family: found 9 series, expected 1 to 8");
  EXPECT_EQ(message_of(some_chart(ChartKind::kLines, 3, 65)),
            "By family: found 65 series, expected 1 to 64");
  EXPECT_NE(message_of(some_chart(ChartKind::kBars, 100000, 1)).find("too large"),
            std::string::npos);
}

TEST(Chart, RefusesLengthsThatDiffer) {
  Chart chart = some_chart(ChartKind::kBars, 3, 2);
  chart.series[1].values.pop_back();
  chart.series[1].low.clear();
  chart.series[1].high.clear();
  EXPECT_EQ(message_of(chart),
            "By family, \"series 1\": found 2 values, expected 3, one per category");
  chart.series[1].values.clear();
  EXPECT_EQ(message_of(chart), "By family, \"series 1\": found no values, expected at least 1");
  chart = some_chart(ChartKind::kBars, 3, 2);
  chart.series[0].high.pop_back();
  EXPECT_EQ(message_of(chart),
            "By family, \"series 0\": found 2 high ends of ranges, expected 3, one per value");
  chart = some_chart(ChartKind::kBars, 3, 2);
  chart.reference->x = {0, 1};
  EXPECT_EQ(message_of(chart),
            "By family, \"guessing\": found 2 x values, expected 3, one per value");
}

TEST(Chart, RefusesNumbersThatNoAxisShows) {
  const auto with = [](const auto& change) {
    Chart chart = some_chart(ChartKind::kBars, 3, 1);
    chart.percent = false;
    change(chart);
    return message_of(chart);
  };
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity(), 1e16}) {
    EXPECT_NE(with([&](Chart& chart) {
                chart.series[0].values[1] = bad;
              }).find("at 1, expected a finite number"),
              std::string::npos);
    EXPECT_NE(with([&](Chart& chart) {
                chart.series[0].high[2] = bad;
              }).find("at 2, expected a finite number"),
              std::string::npos);
  }
  const auto expect = [&](const auto& change, const std::string& message) {
    EXPECT_EQ(with(change), "By family, \"series 0\": " + message);
  };
  expect(
      [](Chart& chart) {
        chart.percent = true;
        chart.series[0].values[1] = 1.5;
      },
      "found the value 1.5 at 1, expected a share from 0 to 1");
  expect(
      [](Chart& chart) {
        chart.series[0].low[1] = 2;
        chart.series[0].high[1] = 0.5;
      },
      "found a range from 2 to 0.5 at 1, expected its low end first");
  for (const double bad : {3.0, -1.0, 0.5}) {
    EXPECT_NE(with([&](Chart& chart) {
                chart.series[0].x = {0, bad, 2};
              }).find("expected the index of one of 3 categories"),
              std::string::npos);
  }
  Chart curves = some_curves(3, true);
  curves.series[0].x[0] = -1;
  EXPECT_EQ(message_of(curves),
            "By family, \"series 0\": found the x -1 at 0, expected no negative number on a "
            "logarithmic axis");
  curves = some_chart(ChartKind::kLines, 3, 1);
  curves.log_x = true;
  EXPECT_EQ(message_of(curves),
            "By family: found categories on a logarithmic axis, expected numbers");
}

TEST(Chart, DrawsHostileTexts) {
  Chart chart = some_chart(ChartKind::kBars, 3, 2);
  chart.categories = {"", std::string(100000, 'w'), std::string("\0\xFF \u202E", 6)};
  chart.series[0].name = std::string(10000, 'n');
  chart.series[1].name = "";
  chart.title = std::string(5000, 't');
  chart.x_title = "\xC3";
  chart.y_title = std::string(5000, 'y');
  const ChartPage page = {std::string("tit\0le", 6), std::string(100000, 's'), {chart}, 1};
  const Scratch scratch;
  for (const PictureFormat format : kFormats) draw_charts(page, scratch / "chart", format);
}

TEST(PictureFormat, IsTheEndingOfTheName) {
  EXPECT_EQ(picture_format("runs/a.png"), PictureFormat::kPng);
  EXPECT_EQ(picture_format("a.b.SVG"), PictureFormat::kSvg);
  EXPECT_EQ(picture_format("a.pdf"), PictureFormat::kPdf);
  for (const char* name : {"a", "png", "a.", "a.jpeg", "a.png/b", ".png"}) {
    EXPECT_THROW(picture_format(name), base::Error) << name;
  }
}

}  // namespace
}  // namespace qkv::render
