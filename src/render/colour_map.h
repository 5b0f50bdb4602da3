#pragma once

#include <cstdint>
#include <span>

namespace qkv::render {

/// A colour of the sRGB space, each component in [0, 1].
struct Colour {
  double red = 0;
  double green = 0;
  double blue = 0;

  bool operator==(const Colour&) const = default;
};

/// The colours of text and lines: primary and secondary.
inline constexpr Colour kInk = {0.11, 0.11, 0.13};
inline constexpr Colour kGrey = {0.38, 0.38, 0.41};

/// The colour of a weight: from nearly white at 0 through green and blue to dark indigo at 1. Its
/// OKLab lightness falls evenly, so equal steps look equal, in grey and to people with colour
/// blindness too. The result is rounded to 8 bits per component, as a PNG stores it. `fraction`
/// outside [0, 1] is clamped.
Colour map_colour(double fraction);

/// The colour of a signed number: from white at 0 through light to deep blue at −1 and red at 1.
/// The lightness falls evenly and equally on both sides. Rounded and clamped like map_colour.
Colour signed_colour(double fraction);

/// The contrast of two colours, 1 to 21 (WCAG 2.1, "contrast ratio").
double contrast(const Colour& a, const Colour& b);

/// The text colour, nearly black or white, that has more contrast on `ground`.
Colour text_colour(const Colour& ground);

/// A colour bar from 0 to `top`, or from −top for signed values, with a tick at each multiple of
/// `step`.
struct Scale {
  double top = 1;
  double step = 0.2;
  int decimals = 1;  ///< the decimals of a tick's number
  bool has_sign = false;

  double bottom() const { return has_sign ? -top : 0; }
  /// The position of a value on the bar, 0 to 1.
  double fraction(double value) const { return (value - bottom()) / (top - bottom()); }
  Colour colour(double value) const {
    return has_sign ? signed_colour(value / top) : map_colour(value / top);
  }
};

/// The tightest scale of 3 to 6 round ticks (steps of 1, 2 or 5 times a power of ten) that contains
/// values up to `largest`; for signed values, at most 3 on each side of 0. The top is at least
/// 0.001, since smaller differences are not shown.
Scale scale_for(double largest, bool has_sign = false);

}  // namespace qkv::render
