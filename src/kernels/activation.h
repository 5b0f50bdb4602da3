#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"

namespace qkv::kernels {

/// The activations of model/feed_forward.h; kSwiglu is silu(gate) · up.
enum class HiddenActivation { kGelu, kRelu, kRelu2, kSilu, kSwiglu };

/// Between the feed-forward layer's two products: rows [rows, width]; for kSwiglu, the input is
/// [rows, 2 · width] with the gate first. The forward pass has everything that the derivatives
/// need, so it stores them in place of its input, and the backward pass only multiplies.
template <typename T>
struct ActivationLoops {
  /// Afterwards, `in` holds the derivative of `hidden` with respect to it.
  void (*forward)(HiddenActivation activation, std::int64_t rows, std::int64_t width, T* in,
                  T* hidden);
  /// The gradient of the input, from that of `hidden` and the derivatives that `forward` stored.
  void (*backward)(HiddenActivation activation, std::int64_t rows, std::int64_t width,
                   const T* slopes, const T* hidden_gradient, T* in_gradient);
};

template <typename T>
const ActivationLoops<T>& activation_loops();

}  // namespace qkv::kernels
