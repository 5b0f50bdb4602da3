#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/dropped.h"

namespace qkv::kernels {

/// Which rows of the tables tokens use, and where these are added.
struct Lookup {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  const std::int32_t* ids = nullptr;        ///< [rows]
  const std::int32_t* positions = nullptr;  ///< [rows]
};

/// Rows of values, part of longer rows.
struct MixShape {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::int64_t stride = 0;        ///< of x, y and the gradient
  std::int64_t first_stride = 0;  ///< of `first`
};

/// The operations at both ends of a model for each token; T is float or Bfloat16.
template <typename T>
struct TokenLoops {
  /// x = dropped(table[id] + places[position]); `places` may be null.
  void (*embed)(const Lookup& lookup, const float* table, const float* places, Dropped dropped,
                float* x);
  /// Adds x's gradient to the rows of the tables; `places` may be null.
  void (*embed_backward)(const Lookup& lookup, const float* gradient, Dropped dropped, float* table,
                         float* places);

  /// Rotates the halves of `heads` heads side by side in each row of x, [rows, stride], by the
  /// angles of its position (Su et al. 2021); `sign` −1 rotates back. Tables are [context,
  /// head_width / 2].
  void (*rotate)(std::int64_t rows, std::int64_t stride, std::int64_t heads,
                 std::int64_t head_width, const std::int32_t* positions, const float* cosine,
                 const float* sine, float sign, T* x);

  /// y = a·x + b·first, for rows [rows, width] with these strides; mix = {a, b}.
  void (*mix)(const MixShape& shape, const float* mix, const T* x, const T* first, T* y);
  /// From `gradient`, that of y: adds a's and b's to mix_gradient [2] and that of `first` to
  /// first_gradient [rows, width], and becomes that of x.
  void (*mix_backward)(const MixShape& shape, const float* mix, const T* x, const T* first,
                       T* gradient, float* first_gradient, float* mix_gradient);
  /// x += more [rows, width], for rows x with this stride.
  void (*add)(std::int64_t rows, std::int64_t width, std::int64_t stride, const float* more, T* x);

  /// Adds a bias [width] to rows [rows, width].
  void (*add_bias)(std::int64_t rows, std::int64_t width, const float* bias, T* x);
  void (*add_bias_to_floats)(std::int64_t rows, std::int64_t width, const float* bias, float* x);
  /// Adds the column sums of x [rows, width] to `sums` [width].
  void (*add_columns)(std::int64_t rows, std::int64_t width, const T* x, float* sums);

  /// The sum of −log softmax(logits)[target] over rows [rows, vocabulary], `stride` apart, and
  /// scale · its gradient (0 up to the end of the stride). A negative target does not count.
  double (*cross_entropy)(std::int64_t rows, std::int64_t vocabulary, std::int64_t stride,
                          const float* logits, const std::int32_t* targets, float scale,
                          T* gradient);
};

template <typename T>
const TokenLoops<T>& token_loops();

}  // namespace qkv::kernels
