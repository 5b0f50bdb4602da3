#pragma once

#include <string>
#include <vector>

namespace qkv::render {

/// A step between round numbers: 1, 2 or 5 times a power of ten.
struct RoundStep {
  int digit = 1;
  int exponent = 0;

  /// `count` steps from 0, as near to the decimal number as a double can be.
  double times(double count) const;
  double size() const { return times(1); }
  /// The number of decimals that a multiple needs.
  int decimals() const { return exponent < 0 ? -exponent : 0; }
};

/// The smallest such step that is at least `least`. REQUIRES a positive finite number.
RoundStep round_step(double least);

/// A mark of an axis, at a round number.
struct Tick {
  double value = 0;
  int decimals = 0;  ///< the decimals that its number needs
};

/// Evenly spaced marks in ascending order, 2 to `most` (at least 3) of them. The first is not above
/// `low`, and the last is not below `high`. If the two are equal, the marks are around them.
std::vector<Tick> round_ticks(double low, double high, int most);

/// Marks between `low` and `high` for a logarithmic axis: 1, 2 and 5 times the powers of ten if at
/// most `most` are needed, otherwise powers of ten; evenly spaced marks if that leaves less than
/// two. REQUIRES 0 < low <= high.
std::vector<Tick> log_ticks(double low, double high, int most);

/// A number as a chart writes it: "0", "0.25", "20,000", "−3", "5e+09"; never as a negative zero.
std::string tick_text(double value, int decimals);

}  // namespace qkv::render
