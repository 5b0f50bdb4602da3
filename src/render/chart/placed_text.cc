#include "render/chart/placed_text.h"

#include <algorithm>
#include <cmath>

namespace qkv::render {

double width_of(const Text& text, const std::string& line, const Text::Style& style) {
  return std::ceil(text.width(line, style.bold) * style.font) + 1;
}

PlacedText centred(PlacedText::Role role, const std::string& line, const Point& middle,
                   const Text& text, const Text::Style& style) {
  const double width = width_of(text, line, style);
  return {role, line, {{middle.x - width / 2, middle.y}, width, style.font * kLine, 0}, style};
}

Rect bounds(const LabelBox& box) {
  const auto around = corners(box);
  const auto [left, right] = std::minmax_element(
      around.begin(), around.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
  const auto [top, bottom] = std::minmax_element(
      around.begin(), around.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
  return {left->x, top->y, right->x - left->x, bottom->y - top->y};
}

double highest(const std::vector<PlacedText>& texts, double otherwise) {
  for (const PlacedText& text : texts) otherwise = std::min(otherwise, bounds(text.box).y);
  return otherwise;
}

double lowest(const std::vector<PlacedText>& texts, double otherwise) {
  for (const PlacedText& text : texts) {
    const Rect room = bounds(text.box);
    otherwise = std::max(otherwise, room.y + room.height);
  }
  return otherwise;
}

}  // namespace qkv::render
