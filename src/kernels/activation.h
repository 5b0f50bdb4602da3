#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "spec/model.h"

namespace qkv::kernels {

/// Between the feed-forward layer's two products, as model/feed_forward.h defines it: rows
/// [rows, width]; for kSwiglu, the input is [rows, 2 · width] with the gate first. For kNone, there
/// is no such layer. The forward pass has everything that the derivatives need, so it stores them
/// in place of its input, and the backward pass only multiplies.
template <typename T>
struct ActivationLoops {
  /// Afterwards, `in` holds the derivative of `hidden` with respect to it.
  void (*forward)(spec::Activation activation, std::int64_t rows, std::int64_t width, T* in,
                  T* hidden);
  /// The gradient of the input, from that of `hidden` and the derivatives that `forward` stored.
  void (*backward)(spec::Activation activation, std::int64_t rows, std::int64_t width,
                   const T* slopes, const T* hidden_gradient, T* in_gradient);

  /// Without derivatives: x = activation(x), for one that takes one number; and, for kSwiglu,
  /// x *= silu(gate).
  void (*apply)(spec::Activation activation, std::int64_t count, T* x);
  void (*gate)(std::int64_t count, const T* gate, T* x);
};

template <typename T>
const ActivationLoops<T>& activation_loops();

}  // namespace qkv::kernels
