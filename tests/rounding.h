#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace qkv::testing {

// How far a computed result may be from the exact one, on every processor. Instruction sets and
// libraries sum in different orders, with and without fused multiply-adds, so the difference of two
// float32 results has no fixed bound. Each is compared with the same formula in double, and its
// error may be a multiple of the error of the plain path in float32 on the same numbers.

/// The largest relative error of one rounding.
inline constexpr double kFloat32 = 0x1p-24;
inline constexpr double kBfloat16 = 0x1p-8;

/// The relative error of a sum of `terms` numbers. Roundings add up like a random walk, in
/// proportion to the square root (Higham and Mary 2019).
inline double rounding(double terms, double unit = kFloat32) { return unit * std::sqrt(terms); }

/// The error may be this many times that of the plain path. A sum in n lanes has runs that are 1/n
/// as long, so its error is smaller by √n. The plain path sums in up to 16 lanes with fused
/// multiply-adds; a kernel may sum in one lane and round each product too: √16 · √2, with some room
/// for chance.
inline constexpr double kFactor = 8;

/// `error` and `plain_error` are distances from the result in double. The plain path may be exact
/// by chance, so an error up to `floor`, which rounding alone explains, is always allowed.
inline void expect_rounding_alone(double error, double plain_error, double floor,
                                  const std::string& what, double factor = kFactor) {
  EXPECT_LE(error, std::max(factor * plain_error, floor))
      << what << ": the plain path's error is " << plain_error << ", the floor " << floor;
}

}  // namespace qkv::testing
