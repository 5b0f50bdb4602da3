#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "render/chart.h"
#include "render/ticks.h"

namespace qkv::render {

/// From values to places on the page.
struct Axis {
  double low = 0;  ///< the value at `begin`
  double high = 1;
  double begin = 0;
  double end = 1;
  bool logarithmic = false;
  std::vector<Tick> ticks;  ///< none where categories stand

  double place(double value) const;
};

/// Where the `index`th value stands along x.
double x_of(const Series& series, std::size_t index);

/// The values that each axis shows, without places. Bars start at 0; numbers along x have at most
/// `most` ticks, and a little room beyond the outermost values on a logarithmic axis.
Axis x_axis(const Chart& chart, int most);
Axis y_axis(const Chart& chart);

/// A value of the y axis as text, a share in percent but without its sign.
std::string y_text(const Chart& chart, double value, int decimals);

}  // namespace qkv::render
