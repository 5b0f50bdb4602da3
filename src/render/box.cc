#include "render/box.h"

#include <cmath>

namespace qkv::render {

std::array<Point, 4> corners(const LabelBox& box) {
  const double cosine = std::cos(box.angle);
  const double sine = std::sin(box.angle);
  const auto turned = [&](double along, double across) {
    return Point{box.start.x + along * cosine - across * sine,
                 box.start.y + along * sine + across * cosine};
  };
  return {turned(0, -box.height / 2), turned(box.width, -box.height / 2),
          turned(box.width, box.height / 2), turned(0, box.height / 2)};
}

}  // namespace qkv::render
