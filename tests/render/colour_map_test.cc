#include "render/colour_map.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace qkv::render {
namespace {

/// CIE 1976 L*a*b* (D65), another measure of perception than the one that the map is made with.
std::array<double, 3> cielab(const Colour& colour) {
  const auto linear = [](double part) {
    return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
  };
  const double red = linear(colour.red);
  const double green = linear(colour.green);
  const double blue = linear(colour.blue);
  const auto root = [](double value) {
    return value > 216.0 / 24389 ? std::cbrt(value) : (24389.0 / 27 * value + 16) / 116;
  };
  const double x = root((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047);
  const double y = root(0.2126729 * red + 0.7151522 * green + 0.0721750 * blue);
  const double z = root((0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

// All in double, without anything that depends on the processor: a bound of 1e-9 or 1e-12 is some
// thousands of roundings, and the others are the digits of what they are compared with.

TEST(MapColour, LightnessFallsMonotonously) {
  for (int step = 1; step <= 100; ++step) {
    EXPECT_LT(cielab(map_colour(step / 100.0))[0], cielab(map_colour((step - 1) / 100.0))[0])
        << step;
  }
  EXPECT_GT(cielab(map_colour(0))[0], 97);
  EXPECT_LT(cielab(map_colour(1))[0], 15);
}

TEST(MapColour, LightnessFallsEvenly) {
  for (int step = 0; step < 10; ++step) {
    const double fall =
        cielab(map_colour(step / 10.0))[0] - cielab(map_colour((step + 1) / 10.0))[0];
    EXPECT_NEAR(fall, 8.7, 1.7) << step;  // (97.8 - 10.5) / 10
  }
}

TEST(MapColour, NoTwoOfAHundredStepsAreTooAlike) {
  for (int step = 1; step <= 20; ++step) {
    const auto a = cielab(map_colour((step - 1) / 20.0));
    const auto b = cielab(map_colour(step / 20.0));
    // 2.3 is a just noticeable difference.
    EXPECT_GT(std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]), 4) << step;
  }
}

TEST(MapColour, ClampsAndFitsEightBits) {
  EXPECT_EQ(map_colour(-1), map_colour(0));
  EXPECT_EQ(map_colour(2), map_colour(1));
  for (const double part : {map_colour(0.37).red, map_colour(0.37).green, map_colour(0.37).blue}) {
    EXPECT_NEAR(part * 255, std::round(part * 255), 1e-9);
  }
}

TEST(Contrast, IsThatOfTheStandard) {
  EXPECT_NEAR(contrast({0, 0, 0}, {1, 1, 1}), 21, 1e-9);
  EXPECT_NEAR(contrast({1, 1, 1}, {119 / 255.0, 119 / 255.0, 119 / 255.0}), 4.48, 0.005);  // #777
}

TEST(TextColour, ReadsOnEveryColourOfTheMap) {
  for (int step = 0; step <= 100; ++step) {
    const Colour ground = map_colour(step / 100.0);
    EXPECT_GE(contrast(text_colour(ground), ground), 4.0) << step;
  }
  EXPECT_LT(text_colour(map_colour(0)).red, 0.2);
  EXPECT_EQ(text_colour(map_colour(1)).red, 1);
}

TEST(ScaleFor, HasRoundTicks) {
  struct Case {
    double largest, top, step;
    int decimals;
  };
  for (const Case& expected :
       {Case{1, 1, 0.2, 1}, Case{1.0000001, 1, 0.2, 1}, Case{0.83, 1, 0.2, 1},
        Case{0.5, 0.5, 0.1, 1}, Case{0.13, 0.15, 0.05, 2}, Case{0.04, 0.04, 0.01, 2},
        Case{0.012, 0.015, 0.005, 3}, Case{0, 0.001, 0.0002, 4}}) {
    const Scale scale = scale_for(expected.largest);
    EXPECT_NEAR(scale.top, expected.top, 1e-12) << expected.largest;
    EXPECT_NEAR(scale.step, expected.step, 1e-12) << expected.largest;
    EXPECT_EQ(scale.decimals, expected.decimals) << expected.largest;
  }
}

TEST(ScaleFor, HoldsEveryValueTightly) {
  for (int thousandth = 1; thousandth <= 1000; ++thousandth) {
    const double largest = thousandth / 1000.0;
    const Scale scale = scale_for(largest);
    EXPECT_GE(scale.top, largest - 1e-9);
    EXPECT_LT(scale.top - largest, scale.step) << largest;
    const long ticks = std::lround(scale.top / scale.step);
    EXPECT_GE(ticks, 2) << largest;
    EXPECT_LE(ticks, 5) << largest;
  }
}

}  // namespace
}  // namespace qkv::render
