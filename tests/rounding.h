#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/rounding.h"

namespace qkv::tests {

inline constexpr double kFloat32 = base::kFloat32Rounding;
inline constexpr double kBfloat16 = base::kBfloat16Rounding;
inline constexpr double kFactor = base::kRoundingFactor;

inline double rounding(double terms, double unit = kFloat32) {
  return base::rounding_of(terms, unit);
}

/// `error` and `plain_error` are distances from the result in double (base/rounding.h). The plain
/// path may be exact by chance, so an error up to `floor`, which rounding alone explains, is always
/// allowed.
inline void expect_rounding_alone(double error, double plain_error, double floor,
                                  const std::string& what, double factor = kFactor) {
  EXPECT_LE(error, std::max(factor * plain_error, floor))
      << what << ": the plain path's error is " << plain_error << ", the floor " << floor;
}

}  // namespace qkv::tests
