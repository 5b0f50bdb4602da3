#pragma once

#include "kernels/exponential.h"
#include "kernels/polynomial.h"

namespace qkv::kernels {

// Smooth activations without branches or calls; Real and Bits are those of exponential.h.

template <class Real>
struct ValueAndSlope {
  Real value;
  Real slope;
};

/// x·Φ(x), Φ the normal distribution, and its derivative, Φ(x) + x·φ(x). Φ's tail is ½·erfc(z) with
/// erfc(z) = exp(−z²) · polynomial(1 / (1 + 0.4 z)), z = |x|/√2, fitted to a relative error of
/// 1e-8.
template <class Bits, class Real>
[[gnu::always_inline]] inline ValueAndSlope<Real> gelu(Real x) {
  const Real z = (x < 0.0F ? -x : x) * 0.707106781F;
  const Real t = 1.0F / (1.0F + 0.4F * z);
  const Real bell = exponential<Bits>(-z * z);
  const Real tail =
      polynomial(t, 0.0845497001F, -0.448436005F, 0.805883311F, -0.527251412F, 0.526920196F,
                 0.0828302331F, 0.253070296F, 0.222246708F, 0.000186960831F) *
      bell * 0.5F;
  const Real phi = x < 0.0F ? tail : 1.0F - tail;
  return {x * phi, phi + x * 0.398942280F * bell};
}

/// The same for results that are rounded to bfloat16 at once, in half the time: Φ(x) − ½ and the
/// derivative minus ½ are odd, so they are x times polynomials in x² (minimax). Up to |x| = 4.25,
/// the errors are 1e-5 and 3e-5; beyond, the values stay constant, with errors of 2e-5 and 3e-4.
template <class Real>
[[gnu::always_inline]] inline ValueAndSlope<Real> gelu_coarse(Real x) {
  const Real above = x < -4.25F ? Real{} - 4.25F : x;
  const Real near = above > 4.25F ? Real{} + 4.25F : above;
  const Real u = near * near * 0.110726644F - 1.0F;  // x² from [0, 4.25²] to [−1, 1]
  const Real phi =
      polynomial(u, 0.00246293726F, -0.006405605F, 0.00858260039F, -0.0141096329F, 0.0255926196F,
                 -0.0393511504F, 0.0557009093F, -0.0807615072F, 0.165935382F);
  const Real slope =
      polynomial(u, -0.0136971287F, 0.0339514762F, -0.0364850387F, 0.0486404113F, -0.0831068382F,
                 0.105103448F, -0.106285907F, 0.0997188315F, -0.100460097F, 0.170307279F);
  return {x * (near * phi + 0.5F), near * slope + 0.5F};
}

/// x·σ(x), σ the logistic function, and its derivative.
template <class Bits, class Real>
[[gnu::always_inline]] inline ValueAndSlope<Real> silu(Real x) {
  const Real sigmoid = 1.0F / (1.0F + exponential<Bits>(-x));
  return {x * sigmoid, sigmoid * (1.0F + x * (1.0F - sigmoid))};
}

}  // namespace qkv::kernels
