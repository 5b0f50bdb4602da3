#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"

namespace qkv::kernels {

/// As model/feed_forward.h has them; kSwiglu is silu(gate) · up.
enum class HiddenActivation { kGelu, kRelu, kRelu2, kSilu, kSwiglu };

/// Between the feed-forward layer's two products: rows [rows, width], for kSwiglu what comes in is
/// [rows, 2 · width], the gate in front. The way forward has all that the slopes need at hand, so
/// it leaves them where its input was, and the way back only multiplies.
template <typename T>
struct ActivationLoops {
  /// Afterwards `in` holds the derivative of its place's `hidden` by it.
  void (*forward)(HiddenActivation activation, std::int64_t rows, std::int64_t width, T* in,
                  T* hidden);
  /// The gradient of what came in, from that of `hidden` and what `forward` left.
  void (*backward)(HiddenActivation activation, std::int64_t rows, std::int64_t width,
                   const T* slopes, const T* hidden_gradient, T* in_gradient);
};

template <typename T>
const ActivationLoops<T>& activation_loops();

}  // namespace qkv::kernels
