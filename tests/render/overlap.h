#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "render/box.h"

namespace qkv::tests {

using Corners = std::array<render::Point, 4>;

/// Whether a line parallel to a side of one of the two separates them (separating axis theorem).
inline bool disjoint(const Corners& a, const Corners& b) {
  for (const Corners& sides : {a, b}) {
    for (int side = 0; side < 2; ++side) {
      const render::Point from = sides[static_cast<std::size_t>(side)];
      const render::Point to = sides[static_cast<std::size_t>(side) + 1];
      const double x = to.x - from.x;
      const double y = to.y - from.y;
      const double length = std::hypot(x, y);
      const auto range = [&](const Corners& box) {
        double low = 1e300;
        double high = -1e300;
        for (const render::Point& point : box) {
          const double place = (point.x * x + point.y * y) / length;
          low = std::min(low, place);
          high = std::max(high, place);
        }
        return std::pair(low, high);
      };
      const auto [low_a, high_a] = range(a);
      const auto [low_b, high_b] = range(b);
      // Pixels in double, and thousands of their roundings.
      if (high_a <= low_b + 1e-9 || high_b <= low_a + 1e-9) return true;
    }
  }
  return false;
}

inline Corners corners_of(const render::Rect& rect) {
  return {render::Point{rect.x, rect.y}, render::Point{rect.x + rect.width, rect.y},
          render::Point{rect.x + rect.width, rect.y + rect.height},
          render::Point{rect.x, rect.y + rect.height}};
}

}  // namespace qkv::tests
