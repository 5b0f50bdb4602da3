#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "render/chart/chart.h"
#include "render/ticks.h"

namespace qkv::render {

/// Maps values to coordinates on the page.
struct Axis {
  double low = 0;  ///< the value at `begin`
  double high = 1;
  double begin = 0;
  double end = 1;
  bool logarithmic = false;
  double zero = 0;          ///< the value in whose place a logarithmic axis shows 0
  std::vector<Tick> ticks;  ///< none if the axis shows categories

  double place(double value) const;
};

/// The x of the `index`th value.
double x_of(const Series& series, std::size_t index);

/// The values that each axis shows, without coordinates. Bars start at 0. Numbers along x have at
/// most `most` ticks, and a logarithmic axis has a little room beyond the outermost values.
Axis x_axis(const Chart& chart, int most);
Axis y_axis(const Chart& chart);

/// A value of the y axis as text: a share in percent, but without the sign.
std::string y_text(const Chart& chart, double value, int decimals);

}  // namespace qkv::render
