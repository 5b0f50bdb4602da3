#pragma once

#include <cstdint>

namespace qkv::kernels {

/// One step of a recurrent layer (formulas: model/recurrent.h). The gates are W x + b and U h +
/// c, [gates, hidden] each; h [hidden], and for an LSTM its cell [hidden], are replaced by the
/// next.
struct RecurrentLoops {
  void (*lstm)(std::int64_t hidden, const float* from_input, const float* from_state, float* cell,
               float* h);
  void (*gru)(std::int64_t hidden, const float* from_input, const float* from_state, float* h);
};

}  // namespace qkv::kernels
