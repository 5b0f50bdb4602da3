#pragma once

#include <cstdint>

namespace qkv::kernels {

/// Softmax over the scores of one query or the logits of one token, in steps. Every sum has a fixed
/// order.
struct SoftmaxLoops {
  /// Turns the scores of one query, the token with this index, into weights:
  /// softmax(scale · score − slope · |query − key|) over the first `open` keys, and 0 for later
  /// keys. `keys` is a multiple of PanelLoops::lanes, and the scores of closed keys may be any
  /// numbers.
  void (*softmax)(std::int64_t query, std::int64_t open, std::int64_t keys, float scale,
                  float slope, float* scores);

  /// The highest of the values; NaN if one of them is NaN.
  float (*highest)(std::int64_t count, const float* values);
  /// powers = exp((values − highest) / temperature), and their sum. Values below the highest by
  /// more than 87 temperatures give 0.
  double (*exponentials)(std::int64_t count, const float* values, float highest, float temperature,
                         float* powers);
};

}  // namespace qkv::kernels
