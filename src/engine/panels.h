#pragma once

#include <cstdint>
#include <vector>

#include "base/array.h"
#include "engine/arithmetic.h"
#include "engine/memory.h"

namespace qkv::engine {

/// A linear layer's weights as in a checkpoint.
struct LinearWeights {
  const float* weight = nullptr;  ///< [outputs, inputs]
  std::int64_t outputs = 0;
  const float* bias = nullptr;  ///< [outputs], or null
};

/// Copies linear layers with the same input into panels, their outputs one after the other. Either
/// all have a bias or none.
Panels pack(const std::vector<LinearWeights>& layers, std::int64_t inputs, std::int64_t lanes,
            FloatMemory& memory);

/// Copies a matrix [outputs, inputs] back, which begins with this output of the panels.
void unpack(const Panels& panels, std::int64_t first, std::int64_t lanes, base::MutableView matrix);

/// The number of panels for this many outputs.
inline std::int64_t panels_of(std::int64_t outputs, std::int64_t lanes) {
  return (outputs + lanes - 1) / lanes;
}

}  // namespace qkv::engine
