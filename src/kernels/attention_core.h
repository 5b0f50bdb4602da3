#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/scratch.h"

namespace qkv::kernels {

/// Dropout of attention weights without a stored mask: a hash of (head, query, key) and `key`
/// decides whether the weight is kept (kernels/attention_dropout.h), so that the backward pass
/// obtains the same result. Kept weights are divided by the probability of being kept.
struct AttentionDropout {
  std::uint64_t key = 0;
  double probability = 0;  ///< of dropping a weight, in [0, 1); rounded to a multiple of 2^-16
};

/// The self-attention of one document: as many keys as queries.
struct AttentionShape {
  std::int64_t tokens = 0;
  std::int64_t heads = 0;
  std::int64_t key_value_heads = 0;  ///< at most heads: head i reads ⌊i · key_value_heads / heads⌋
  std::int64_t head_width = 0;       ///< 1 to 256
  float scale = 1;                   ///< of q·k
  bool causal = true;                ///< a query does not attend to later keys
  const float* slopes = nullptr;  ///< [heads], ALiBi's: −slope · |q − k| is added; null for none
  AttentionDropout dropout;
};

/// Rows of heads in memory: element (token, head, channel) is at base[token · stride + head ·
/// head_width + channel].
template <class T>
struct Strided {
  T* base = nullptr;
  std::int64_t stride = 0;
};

/// The operands of softmax(scale · q kᵀ + bias) v. T is float or Bfloat16.
template <class T>
struct AttentionForward {
  Strided<const T> query;  ///< [tokens, heads, head_width]
  Strided<const T> key;    ///< [tokens, key_value_heads, head_width]
  Strided<const T> value;  ///< [tokens, key_value_heads, head_width]
  Strided<T> mixed;        ///< out: [tokens, heads, head_width]
  float* log_sum;          ///< out: [heads, tokens], log of the sum of exponentials of the scores
};

/// The operands of its gradient: mixed and log_sum are those of the forward pass.
template <class T>
struct AttentionBackward {
  Strided<const T> query;
  Strided<const T> key;
  Strided<const T> value;
  Strided<const T> mixed;
  const float* log_sum;
  Strided<const T> mixed_gradient;
  Strided<T> query_gradient;  ///< out, like the next; written, not added to
  Strided<T> key_gradient;    ///< summed over the heads that share a key head
  Strided<T> value_gradient;
};

// Blockwise with an online softmax (Dao et al. 2022, 2023): memory is linear in tokens. Computed in
// the calling thread with the best available instructions (kernels/processor.h), sums in float.
// With Bfloat16, the weights and the gradients of the scores may be rounded to bfloat16 before
// their products. The same call gives the same bits. Outputs must not overlap inputs. Throws Error
// if the shape is invalid.

template <class T>
void attention_forward(const AttentionShape& shape, const AttentionForward<T>& arrays,
                       Scratch& scratch);

template <class T>
void attention_backward(const AttentionShape& shape, const AttentionBackward<T>& arrays,
                        Scratch& scratch);

/// Both passes by one instruction set, for a shape that is valid.
template <class T>
struct AttentionLoops {
  void (*forward)(const AttentionShape& shape, const AttentionForward<T>& arrays, Scratch& scratch);
  void (*backward)(const AttentionShape& shape, const AttentionBackward<T>& arrays,
                   Scratch& scratch);
};

template <class T>
const AttentionLoops<T>& attention_loops();

}  // namespace qkv::kernels
