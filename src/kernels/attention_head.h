#pragma once

#include <cstdint>

#include "kernels/attention_core.h"
#include "kernels/attention_dropout.h"

namespace qkv::kernels {

/// One head of an attention: how its weights follow from the products of queries and keys. Softmax
/// is computed to the base 2, so scale and slope are for this base.
struct AttentionHead {
  std::int64_t tokens;
  std::int64_t width;
  float scale;
  float slope;
  bool causal;
  HeadDropout dropout;
};

inline constexpr float kLog2E = 0x1.715476p0f;
inline constexpr float kLog2 = 0x1.62e430p-1f;

[[gnu::always_inline]] inline AttentionHead attention_head(const AttentionShape& shape,
                                                           std::int64_t head) {
  return {shape.tokens,         shape.head_width,
          shape.scale * kLog2E, shape.slopes != nullptr ? shape.slopes[head] * kLog2E : 0,
          shape.causal,         head_dropout(shape.dropout, head)};
}

/// The key/value head that a head reads.
[[gnu::always_inline]] inline std::int64_t shared_head(const AttentionShape& shape,
                                                       std::int64_t head) {
  return head * shape.key_value_heads / shape.heads;
}

template <class T>
[[gnu::always_inline]] inline Strided<T> part(Strided<T> rows, std::int64_t head,
                                              std::int64_t width) {
  return {rows.base + head * width, rows.stride};
}

}  // namespace qkv::kernels
