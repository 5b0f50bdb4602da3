#pragma once

#include "kernels/exponential.h"

namespace qkv {

// Smooth activations without branches or calls; Real and Bits are those of exponential.h.

template <class Real>
struct ValueAndSlope {
  Real value;
  Real slope;
};

/// x·Φ(x), Φ the normal distribution, and Φ(x) + x·φ(x). Φ's tail is ½·erfc(z) with erfc(z) =
/// exp(−z²) · polynomial(1 / (1 + 0.4 z)), z = |x|/√2, fitted to a relative error of 1e-8.
template <class Bits, class Real>
[[gnu::always_inline]] inline ValueAndSlope<Real> gelu(Real x) {
  const Real z = (x < 0.0F ? -x : x) * 0.707106781F;
  const Real t = 1.0F / (1.0F + 0.4F * z);
  const Real bell = exponential<Bits>(-z * z);
  Real tail = 0.0845497001F * t - 0.448436005F;
  tail = tail * t + 0.805883311F;
  tail = tail * t - 0.527251412F;
  tail = tail * t + 0.526920196F;
  tail = tail * t + 0.0828302331F;
  tail = tail * t + 0.253070296F;
  tail = tail * t + 0.222246708F;
  tail = tail * t + 0.000186960831F;
  tail = tail * bell * 0.5F;
  const Real phi = x < 0.0F ? tail : 1.0F - tail;
  return {x * phi, phi + x * 0.398942280F * bell};
}

/// x·σ(x), σ the logistic function, and its slope.
template <class Bits, class Real>
[[gnu::always_inline]] inline ValueAndSlope<Real> silu(Real x) {
  const Real sigmoid = 1.0F / (1.0F + exponential<Bits>(-x));
  return {x * sigmoid, sigmoid * (1.0F + x * (1.0F - sigmoid))};
}

}  // namespace qkv
