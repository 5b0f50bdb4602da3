#include "render/colour_map.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "render/ticks.h"

namespace qkv::render {
namespace {

double to_linear(double part) {
  return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
}

double from_linear(double part) {
  return part <= 0.0031308 ? part * 12.92 : 1.055 * std::pow(part, 1 / 2.4) - 0.055;
}

double cube(double part) { return part * part * part; }

double rounded(double part) { return std::round(std::clamp(part, 0.0, 1.0) * 255) / 255; }

/// OKLab to sRGB; the matrices are those of Björn Ottosson, "A perceptual color space for image
/// processing" (2020).
Colour from_oklab(double lightness, double a, double b) {
  const double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
  const double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
  const double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
  return {rounded(from_linear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s)),
          rounded(from_linear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s)),
          rounded(from_linear(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s))};
}

double luminance(const Colour& colour) {
  return 0.2126 * to_linear(colour.red) + 0.7152 * to_linear(colour.green) +
         0.0722 * to_linear(colour.blue);
}

}  // namespace

Colour map_colour(double fraction) {
  struct Anchor {
    double chroma;
    double hue;  // degrees
  };
  static constexpr double kLightest = 0.985;
  static constexpr double kDarkest = 0.22;
  // Evenly spaced; the hue changes in one direction, so no colour comes twice.
  static constexpr std::array<Anchor, 6> kAnchors = {
      {{0.012, 105}, {0.085, 135}, {0.100, 170}, {0.088, 225}, {0.110, 262}, {0.085, 285}}};

  const double t = std::clamp(fraction, 0.0, 1.0);
  const double place = t * (kAnchors.size() - 1);
  const auto left = std::min(static_cast<std::size_t>(place), kAnchors.size() - 2);
  const double right_share = place - static_cast<double>(left);
  double a = 0;
  double b = 0;
  for (const auto& [index, share] :
       {std::pair{left, 1 - right_share}, std::pair{left + 1, right_share}}) {
    const double angle = kAnchors[index].hue * std::acos(-1.0) / 180;
    a += share * kAnchors[index].chroma * std::cos(angle);
    b += share * kAnchors[index].chroma * std::sin(angle);
  }
  return from_oklab(kLightest + t * (kDarkest - kLightest), a, b);
}

Colour signed_colour(double fraction) {
  constexpr double kLightest = 0.985;
  constexpr double kDarkest = 0.42;
  constexpr double kMostChroma = 0.155;
  constexpr double kRed = 25;  // degrees
  constexpr double kBlue = 258;
  const double t = std::clamp(std::abs(fraction), 0.0, 1.0);
  const double angle = (fraction < 0 ? kBlue : kRed) * std::acos(-1.0) / 180;
  // A screen shows the most chroma at medium lightness.
  const double chroma = kMostChroma * std::sin(0.62 * std::acos(-1.0) * t);
  return from_oklab(kLightest + t * (kDarkest - kLightest), chroma * std::cos(angle),
                    chroma * std::sin(angle));
}

double contrast(const Colour& a, const Colour& b) {
  const auto [darker, lighter] = std::minmax({luminance(a), luminance(b)});
  return (lighter + 0.05) / (darker + 0.05);
}

Colour text_colour(const Colour& ground) {
  constexpr Colour kWhite = {1, 1, 1};
  return contrast(kInk, ground) >= contrast(kWhite, ground) ? kInk : kWhite;
}

Scale scale_for(double largest, bool has_sign) {
  constexpr double kFinest = 0.001;
  constexpr double kSlack = 1e-6;  // rounding may make a softmax slightly larger than 1
  largest = std::max(largest, kFinest);
  const RoundStep step = round_step(largest / (has_sign ? 3 : 5) * (1 - kSlack));
  Scale scale;
  scale.has_sign = has_sign;
  scale.step = step.size();
  scale.decimals = step.decimals();
  scale.top = std::ceil(largest / scale.step - kSlack) * scale.step;
  return scale;
}

}  // namespace qkv::render
