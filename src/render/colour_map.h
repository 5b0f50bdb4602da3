#pragma once

#include <cstdint>
#include <span>

namespace qkv::render {

/// A colour of the sRGB space, each part in [0, 1].
struct Colour {
  double red = 0;
  double green = 0;
  double blue = 0;

  bool operator==(const Colour&) const = default;
};

/// The colours of text and lines: of the first rank, and of the second.
inline constexpr Colour kInk = {0.11, 0.11, 0.13};
inline constexpr Colour kGrey = {0.38, 0.38, 0.41};

/// The colour of a weight: nearly white at 0 over green and blue to dark indigo at 1. Its OKLab
/// lightness falls evenly, so equal steps look equal, in grey and to the colour-blind too. The
/// result is rounded to 8 bits a part, as a PNG stores it. `fraction` outside [0, 1] is clamped.
Colour map_colour(double fraction);

/// The colour of a signed number: white at 0, over light to deep blue at −1 and red at 1. The
/// lightness falls evenly and alike on both sides. Rounded and clamped as map_colour's.
Colour signed_colour(double fraction);

/// The contrast of two colours, 1 to 21 (WCAG 2.1, "contrast ratio").
double contrast(const Colour& a, const Colour& b);

/// The text colour, nearly black or white, that reads better on `ground`.
Colour text_colour(const Colour& ground);

/// A colour bar from 0 to `top`, or from −top for signed values, with a tick at each multiple of
/// `step`.
struct Scale {
  double top = 1;
  double step = 0.2;
  int decimals = 1;  ///< what a tick's number needs
  bool has_sign = false;

  double bottom() const { return has_sign ? -top : 0; }
  /// The place of a value on the bar, 0 to 1.
  double fraction(double value) const { return (value - bottom()) / (top - bottom()); }
  Colour colour(double value) const {
    return has_sign ? signed_colour(value / top) : map_colour(value / top);
  }
};

/// The tightest scale of 3 to 6 round ticks (steps of 1, 2 or 5 times a power of ten) that holds
/// values up to `largest`; of signed values at most 3 on each side of 0. Nothing finer than 0.001
/// is told apart: below it the top is 0.001.
Scale scale_for(double largest, bool has_sign = false);

}  // namespace qkv::render
