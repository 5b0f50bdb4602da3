#pragma once

#include <cmath>

namespace qkv::base {

// How far a computed result may be from the exact one, on every processor. Instruction sets and
// libraries sum in different orders, with and without fused multiply-adds, so the difference of two
// float32 results has no fixed bound. Each is compared with the same formula in double, and its
// error may be a multiple of the error of the plain path (src/model) in its own precision on the
// same numbers.

/// The largest relative error of one rounding.
inline constexpr double kFloat32Rounding = 0x1p-24;
inline constexpr double kBfloat16Rounding = 0x1p-8;

/// The relative error of a sum of `terms` numbers. Roundings add up like a random walk, in
/// proportion to the square root (Higham and Mary 2019).
inline double rounding_of(double terms, double unit = kFloat32Rounding) {
  return unit * std::sqrt(terms);
}

/// The error may be this many times that of the plain path. A sum in n lanes has runs that are 1/n
/// as long, so its error is smaller by √n. The plain path sums in up to 16 lanes with fused
/// multiply-adds; a kernel may sum in one lane and round each product too: √16 · √2, with some room
/// for chance.
inline constexpr double kRoundingFactor = 8;

}  // namespace qkv::base
