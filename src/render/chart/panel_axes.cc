#include "render/chart/panel_axes.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "render/label.h"

namespace qkv::render {
namespace {

using Role = PlacedText::Role;

constexpr double kTickFont = 10;
constexpr double kAxisTitleFont = 11;
constexpr double kTickGap = 6;  // between the plot and the numbers next to it

void place_y_ticks(const Chart& chart, const Text& text, PanelLayout& panel) {
  const Text::Style style = {kTickFont, kGrey};
  double left = 0;
  for (const Tick& tick : panel.y.ticks) {
    const std::string line = y_text(chart, tick.value, tick.decimals) + (chart.percent ? "%" : "");
    const double width = width_of(text, line, style);
    const Point start = {-kTickGap - width, panel.y.place(tick.value)};
    panel.texts.push_back(
        {Role::kTick, line, {start, width, kTickFont * kLine, 0}, style, Text::Align::kRight});
    left = std::min(left, start.x);
  }
  if (chart.y_title.empty()) return;
  const double height = kAxisTitleFont * kLine;
  const Point start = {left - kTickGap - height / 2, kPlotHeight};
  panel.texts.push_back({Role::kAxisTitle,
                         printable(chart.y_title),
                         {start, kPlotHeight, height, -std::numbers::pi / 2},
                         {kAxisTitleFont, kInk}});
}

std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words(1);
  for (const char byte : name) {
    if (byte == ' ') {
      words.emplace_back();
    } else {
      words.back() += byte;
    }
  }
  return words;
}

/// The name in lines of at most `room`; nothing if it takes more than three.
std::optional<std::vector<std::string>> wrapped(const std::string& name, double room,
                                                const Text& text, const Text::Style& style) {
  constexpr std::size_t kMostLines = 3;
  std::vector<std::string> lines;
  for (const std::string& word : words_of(name)) {
    if (!lines.empty() && width_of(text, lines.back() + " " + word, style) <= room) {
      lines.back() += " " + word;
    } else if (width_of(text, word, style) <= room && lines.size() < kMostLines) {
      lines.push_back(word);
    } else {
      return std::nullopt;
    }
  }
  return lines;
}

void place_turned_categories(const std::vector<std::string>& names, const Text& text,
                             const Text::Style& style, double top, PanelLayout& panel) {
  constexpr double kLongest = 14;  // em; longer ones are shortened
  constexpr double kDiagonal = std::numbers::sqrt2 / 2;
  const double height = style.font * kLine;
  for (std::size_t index = 0; index < names.size(); ++index) {
    const double width = std::min(width_of(text, names[index], style), kLongest * style.font);
    // The label's right end is below the category's middle.
    const Point end = {panel.x.place(static_cast<double>(index)) + height / 4,
                       top + height / 2 * kDiagonal};
    const Point start = {end.x - width * kDiagonal, end.y + width * kDiagonal};
    panel.texts.push_back({Role::kCategory,
                           names[index],
                           {start, width, height, -std::numbers::pi / 4},
                           style,
                           Text::Align::kRight});
  }
}

void place_categories(const Chart& chart, const Text& text, double top, PanelLayout& panel) {
  const Text::Style style = {kTickFont, kInk};
  const double room = panel.plot.width / static_cast<double>(chart.categories.size()) - 8;
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> lines;
  for (const std::string& category : chart.categories) {
    names.push_back(printable(category));
    if (auto wrapped_name = wrapped(names.back(), room, text, style)) {
      lines.push_back(std::move(*wrapped_name));
    }
  }
  if (lines.size() < names.size()) return place_turned_categories(names, text, style, top, panel);
  for (std::size_t index = 0; index < lines.size(); ++index) {
    double y = top + style.font * kLine / 2;
    for (const std::string& line : lines[index]) {
      const double x = panel.x.place(static_cast<double>(index));
      panel.texts.push_back(centred(Role::kCategory, line, {x, y}, text, style));
      y += style.font * kLine;
    }
  }
}

std::vector<PlacedText> x_numbers(const Axis& axis, const Text& text, double top) {
  const Text::Style style = {kTickFont, kGrey};
  std::vector<PlacedText> numbers;
  for (const Tick& tick : axis.ticks) {
    const Point middle = {axis.place(tick.value), top + kTickFont * kLine / 2};
    numbers.push_back(
        centred(Role::kTick, tick_text(tick.value, tick.decimals), middle, text, style));
  }
  return numbers;
}

/// The axis with as many numbers as fit next to each other.
Axis fitted_x_axis(const Chart& chart, const Text& text, double width) {
  constexpr int kMostTicks = 10;
  constexpr int kLeastTicks = 3;
  constexpr double kBetween = 18;
  for (int most = kMostTicks;; --most) {
    Axis axis = x_axis(chart, most);
    axis.begin = 0;
    axis.end = width;
    const std::vector<PlacedText> numbers = x_numbers(axis, text, 0);
    const auto touching = std::adjacent_find(
        numbers.begin(), numbers.end(), [](const PlacedText& left, const PlacedText& right) {
          return left.box.start.x + left.box.width + kBetween > right.box.start.x;
        });
    if (touching == numbers.end() || most == kLeastTicks) return axis;
  }
}

void place_x_title(const Chart& chart, PanelLayout& panel) {
  if (chart.x_title.empty()) return;
  const double height = kAxisTitleFont * kLine;
  const Point start = {0, lowest(panel.texts, kPlotHeight) + kTickGap + height / 2};
  panel.texts.push_back({Role::kAxisTitle,
                         printable(chart.x_title),
                         {start, panel.plot.width, height, 0},
                         {kAxisTitleFont, kInk}});
}

}  // namespace

double plot_width(const Chart& chart, const Text& text) {
  constexpr double kOfNumbers = 460;
  constexpr double kNarrowest = 260;
  constexpr double kWidest = 860;  // unless there are very many categories
  constexpr double kWidestWord = 90;
  if (chart.categories.empty()) return kOfNumbers;
  const Text::Style style = {kTickFont};
  const auto series = static_cast<double>(chart.series.size());
  double step = chart.kind == ChartKind::kBars ? 18 + 26 * series : std::max(64.0, 8 * series + 16);
  for (const std::string& category : chart.categories) {
    for (const std::string& word : words_of(printable(category))) {
      step = std::max(step, std::min(width_of(text, word, style) + 10, kWidestWord));
    }
  }
  const auto count = static_cast<double>(chart.categories.size());
  const double narrowest =
      std::max(kNarrowestCategory, chart.kind == ChartKind::kBars ? 5 * series : 0);
  return std::round(std::max({kNarrowest, std::min(kWidest, count * step), count * narrowest}));
}

void set_axes(const Chart& chart, const Text& text, PanelLayout& panel) {
  panel.x = fitted_x_axis(chart, text, panel.plot.width);
  panel.y = y_axis(chart);
  panel.y.begin = kPlotHeight;
  panel.y.end = 0;
}

void place_axis_texts(const Chart& chart, const Text& text, PanelLayout& panel) {
  const double top = lowest(panel.texts, kPlotHeight) + kTickGap;
  place_y_ticks(chart, text, panel);
  if (chart.categories.empty()) {
    for (PlacedText& number : x_numbers(panel.x, text, top)) {
      panel.texts.push_back(std::move(number));
    }
  } else {
    place_categories(chart, text, top, panel);
  }
  place_x_title(chart, panel);
}

}  // namespace qkv::render
