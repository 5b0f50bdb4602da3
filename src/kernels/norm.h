#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/dropped.h"

namespace qkv::kernels {

/// The norm of rows [rows, width], as model/norm.h has it.
struct NormShape {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  bool rms = false;
  float epsilon = 0;
  const float* weight = nullptr;  ///< [width]
  const float* bias = nullptr;    ///< [width] or none
};

/// What the backward pass needs of a row besides the row itself.
struct RowScale {
  float mean;     ///< 0 for rms
  float inverse;  ///< 1 / √(variance + ε), of rms 1 / √(mean square + ε)
};

/// The residual stream's passes over memory; T, what products take, is float or Bfloat16.
template <typename T>
struct NormLoops {
  /// normed = norm(x + dropped(added)); the sum goes to `sum`. Where `added` is null, x is the sum
  /// and nothing goes there.
  void (*forward)(const NormShape& shape, const float* x, const float* added, Dropped dropped,
                  float* sum, RowScale* scales, T* normed);

  /// Adds to `gradient`, that of x, what comes through norm(x) of which `normed_gradient` is the
  /// gradient (the first time `fresh`: replaces it), and to those of weight and bias.
  void (*backward)(const NormShape& shape, const float* x, const RowScale* scales,
                   const T* normed_gradient, bool fresh, float* gradient, float* weight_gradient,
                   float* bias_gradient);

  /// branch = dropped(gradient), as a product takes it: what goes back into a sub-layer.
  void (*branch)(std::int64_t count, const float* gradient, Dropped dropped, T* branch);
};

template <typename T>
const NormLoops<T>& norm_loops();

}  // namespace qkv::kernels
