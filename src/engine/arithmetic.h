#pragma once

#include <cstdint>

#include "spec/model.h"

namespace qkv::engine {

/// A matrix [outputs, inputs] laid out for products with vectors. Arithmetic::lanes outputs form a
/// panel, which holds their weights input after input: [panels, inputs, lanes], with arbitrary
/// values after the last output. A product thus reads memory in order and sums a register of
/// outputs at once.
struct Panels {
  const float* values = nullptr;
  std::int64_t outputs = 0;
  std::int64_t inputs = 0;
  std::int64_t stride = 0;      ///< floats from one panel to the next
  const float* bias = nullptr;  ///< [outputs], or null for none
};

/// Several vectors: row t begins at values + t · stride.
template <typename Float>
struct RowsOf {
  Float* values = nullptr;
  std::int64_t stride = 0;
  std::int64_t count = 0;
};
using Rows = RowsOf<const float>;
using MutableRows = RowsOf<float>;

struct NormWeights {
  spec::Norm kind = spec::Norm::kLayer;
  float epsilon = 0;
  const float* weight = nullptr;
  const float* bias = nullptr;  ///< null: none
};

/// The arithmetic of a pass through a Transformer, in float32, compiled once for each kind of
/// processor: arithmetic_lanes.cc. Every sum has a fixed order. The formulas are those of
/// src/model, and the values are equal except for rounding.
struct Arithmetic {
  const char* processor;  ///< the instruction set it is compiled for
  std::int64_t lanes;     ///< floats in a register

  /// y = x Wᵀ + bias, or y += the same if `add`, for the outputs of panels begin … end − 1. x has
  /// matrix.inputs columns; only those outputs of y are written.
  void (*multiply)(const Panels& matrix, std::int64_t begin, std::int64_t end, Rows x,
                   MutableRows y, bool add);

  /// One vector's norm, x [width] → y [width].
  void (*normalise)(const NormWeights& norm, std::int64_t width, const float* x, float* y);

  /// Turns the scores of one query, the token with this index, into weights:
  /// softmax(scale · score − slope · |query − key|) over the first `open` keys, and 0 for later
  /// keys. `keys` is a multiple of `lanes`, and the scores of closed keys may be any numbers.
  void (*softmax)(std::int64_t query, std::int64_t open, std::int64_t keys, float scale,
                  float slope, float* scores);

  /// x = activation(x), for one that takes one number; and, for kSwiglu, x *= silu(gate).
  void (*activate)(spec::Activation activation, std::int64_t count, float* x);
  void (*gate)(std::int64_t count, const float* gate, float* x);

  /// One step of a recurrent layer (formulas: model/recurrent.h). The gates are W x + b and U h +
  /// c, [gates, hidden] each; h [hidden], and for an LSTM its cell [hidden], are replaced by the
  /// next.
  void (*lstm)(std::int64_t hidden, const float* from_input, const float* from_state, float* cell,
               float* h);
  void (*gru)(std::int64_t hidden, const float* from_input, const float* from_state, float* h);

  /// The highest of the values; NaN if one of them is NaN.
  float (*highest)(std::int64_t count, const float* values);
  /// powers = exp((values − highest) / temperature), and their sum. Values below the highest by
  /// more than 87 temperatures give 0.
  double (*exponentials)(std::int64_t count, const float* values, float highest, float temperature,
                         float* powers);
};

}  // namespace qkv::engine
