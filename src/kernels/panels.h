#pragma once

#include <cstdint>
#include <vector>

#include "base/array.h"
#include "kernels/arena.h"

namespace qkv::kernels {

/// A matrix [outputs, inputs] laid out for products with vectors. PanelLoops::lanes outputs form a
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

/// The number of panels for this many outputs.
inline std::int64_t panels_of(std::int64_t outputs, std::int64_t lanes) {
  return (outputs + lanes - 1) / lanes;
}

/// A linear layer's weights as in a checkpoint.
struct LinearWeights {
  const float* weight = nullptr;  ///< [outputs, inputs]
  std::int64_t outputs = 0;
  const float* bias = nullptr;  ///< [outputs], or null
};

/// Copies linear layers with the same input into panels, their outputs one after the other. Either
/// all have a bias or none.
Panels pack(const std::vector<LinearWeights>& layers, std::int64_t inputs, std::int64_t lanes,
            Arena& memory);

/// Copies a matrix [outputs, inputs] back, which begins with this output of the panels.
void unpack(const Panels& panels, std::int64_t first, std::int64_t lanes, base::MutableView matrix);

/// Several vectors: row t begins at values + t · stride.
template <typename Float>
struct RowsOf {
  Float* values = nullptr;
  std::int64_t stride = 0;
  std::int64_t count = 0;
};
using Rows = RowsOf<const float>;
using MutableRows = RowsOf<float>;

/// Products of few vectors with a matrix, in float32. Every sum has a fixed order.
struct PanelLoops {
  std::int64_t lanes;  ///< floats in a register

  /// y = x Wᵀ + bias, or y += the same if `add`, for the outputs of panels begin … end − 1. x has
  /// matrix.inputs columns; only those outputs of y are written.
  void (*multiply)(const Panels& matrix, std::int64_t begin, std::int64_t end, Rows x,
                   MutableRows y, bool add);
};

}  // namespace qkv::kernels
