#pragma once

namespace qkv::kernels {

/// The polynomial in x, highest power first, by Horner's rule. Real as in exponential.h.
template <class Real, class... More>
[[gnu::always_inline]] inline Real polynomial(Real x, float highest, float next, More... more) {
  Real sum = x * highest + next;
  ((sum = sum * x + more), ...);
  return sum;
}

}  // namespace qkv::kernels
