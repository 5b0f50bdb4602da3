#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"

namespace qkv {

/// As model/feed_forward.h has them; kSwiglu is silu(gate) · up.
enum class HiddenActivation { kGelu, kRelu, kRelu2, kSilu, kSwiglu };

/// Between the feed-forward layer's two products: rows [rows, width], for kSwiglu what comes in is
/// [rows, 2 · width], the gate in front.
template <typename T>
struct ActivationLoops {
  void (*forward)(HiddenActivation activation, std::int64_t rows, std::int64_t width, const T* in,
                  T* hidden);
  /// The gradient of `in` from that of `hidden`.
  void (*backward)(HiddenActivation activation, std::int64_t rows, std::int64_t width, const T* in,
                   const T* hidden_gradient, T* in_gradient);
};

template <typename T>
const ActivationLoops<T>& activation_loops();

}  // namespace qkv
