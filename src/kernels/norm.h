#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/dropped.h"
#include "spec/model.h"

namespace qkv::kernels {

/// The norm of rows [rows, width], as in model/norm.h.
struct NormShape {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  spec::Norm kind = spec::Norm::kLayer;
  float epsilon = 0;
  const float* weight = nullptr;  ///< [width]
  const float* bias = nullptr;    ///< [width] or none
};

/// What the backward pass needs from a row besides the row itself.
struct RowScale {
  float mean;     ///< 0 for rms
  float inverse;  ///< 1 / √(variance + ε); for rms, 1 / √(mean square + ε)
};

/// The residual stream's passes over memory; T, the type of the products, is float or Bfloat16.
template <typename T>
struct NormLoops {
  /// normed = norm(x + dropped(added)); the sum goes to `sum`. If `added` is null, x is the sum,
  /// and nothing is written there. `scales` may be null.
  void (*forward)(const NormShape& shape, const float* x, const float* added, Dropped dropped,
                  float* sum, RowScale* scales, T* normed);

  /// Adds to `gradient`, that of x, the part that comes through norm(x), whose gradient is
  /// `normed_gradient` (if `fresh`, replaces it), and adds to the gradients of weight and bias.
  void (*backward)(const NormShape& shape, const float* x, const RowScale* scales,
                   const T* normed_gradient, bool fresh, float* gradient, float* weight_gradient,
                   float* bias_gradient);

  /// The norm of each of `heads` heads side by side in a row, y = norm(x); shape.width is that of a
  /// head. Rows of x and y are `stride` apart; y may be x. `scales`, [rows, heads], may be null.
  void (*heads)(const NormShape& shape, std::int64_t heads, std::int64_t stride, const T* x,
                RowScale* scales, T* y);
  /// Replaces the gradient of y by that of x, and adds to the gradient of the weight.
  void (*heads_backward)(const NormShape& shape, std::int64_t heads, std::int64_t stride,
                         const T* x, const RowScale* scales, T* gradient, float* weight_gradient);

  /// branch = dropped(gradient), in the type of the products: the gradient for a sub-layer.
  void (*branch)(std::int64_t count, const float* gradient, Dropped dropped, T* branch);
};

template <typename T>
const NormLoops<T>& norm_loops();

}  // namespace qkv::kernels
