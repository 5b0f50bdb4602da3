#pragma once

#include <string>
#include <vector>

#include "render/box.h"
#include "render/text.h"

namespace qkv::render {

/// A line of text with its room.
struct PlacedText {
  enum class Role { kTitle, kAxisTitle, kTick, kCategory, kValue, kLegend };
  Role role = Role::kTick;
  std::string line;
  LabelBox box;
  Text::Style style;
  Text::Align align = Text::Align::kCentre;
};

/// The width of a line's box, in units.
double width_of(const Text& text, const std::string& line, const Text::Style& style);

/// A horizontal line of text, centred at a point.
PlacedText centred(PlacedText::Role role, const std::string& line, const Point& middle,
                   const Text& text, const Text::Style& style);

/// The rectangle around a label.
Rect bounds(const LabelBox& box);

/// Where texts begin and end along y, but at least `otherwise`.
double highest(const std::vector<PlacedText>& texts, double otherwise);
double lowest(const std::vector<PlacedText>& texts, double otherwise);

}  // namespace qkv::render
