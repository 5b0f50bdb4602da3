#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"

namespace qkv::kernels {

/// The constants of one step of AdamW (Loshchilov and Hutter 2019, algorithm 2).
struct AdamwPass {
  float learning_rate;
  float beta1;
  float beta2;
  float fresh1;  ///< 1 − beta1, which float32 of beta1 gives less exactly
  float fresh2;  ///< 1 − beta2
  float epsilon;
  float weight_decay;
  float correction1;     ///< 1 − beta1^step
  float correction2;     ///< 1 − beta2^step
  float gradient_scale;  ///< the factor of clipping
};

/// An update's passes over weights, all of `count` values.
struct UpdateLoops {
  /// total = the sum of `parts` arrays, in their order; returns the sum of its squares.
  double (*sum)(std::int64_t count, const float* const* parts, std::int64_t parts_count,
                float* total);
  void (*adamw)(std::int64_t count, const AdamwPass& pass, const float* gradient, float* first,
                float* second, float* weight);
  /// Muon's momentum, first = μ·first + (1 − μ)·g with g = scale · gradient, and the direction of
  /// its update, direction = (1 − μ)·g + μ·first; returns the sum of squares of this direction.
  double (*momentum)(std::int64_t count, float mu, float scale, const float* gradient, float* first,
                     float* direction);
  /// out = a·x + b·y; out may be one of them.
  void (*combine)(std::int64_t count, float a, const float* x, float b, const float* y, float* out);
  /// The weights in the type of the products.
  void (*round)(std::int64_t count, const float* weight, Bfloat16* rounded);
};

const UpdateLoops& update_loops();

}  // namespace qkv::kernels
