#pragma once

#include "kernels/attention_core.h"
#include "kernels/processor.h"

namespace qkv::kernels {

/// Both passes of attention_core.h, compiled for one instruction set.
template <class T>
struct AttentionKernels {
  void (*forward)(const AttentionShape&, const AttentionForward<T>&, Scratch&);
  void (*backward)(const AttentionShape&, const AttentionBackward<T>&, Scratch&);
};

/// For a processor that has them.
template <class T>
const AttentionKernels<T>& attention_kernels(Instructions instructions);
template <>
const AttentionKernels<float>& attention_kernels(Instructions instructions);
template <>
const AttentionKernels<Bfloat16>& attention_kernels(Instructions instructions);

namespace baseline {
extern const AttentionKernels<float> kAttention;
extern const AttentionKernels<Bfloat16> kAttentionBfloat16;
}  // namespace baseline

namespace avx2 {
extern const AttentionKernels<float> kAttention;
extern const AttentionKernels<Bfloat16> kAttentionBfloat16;
}  // namespace avx2

namespace avx512 {
extern const AttentionKernels<float> kAttention;
extern const AttentionKernels<Bfloat16> kAttentionBfloat16;
}  // namespace avx512

namespace avx512bf16 {
extern const AttentionKernels<Bfloat16> kAttentionBfloat16;
}  // namespace avx512bf16

// With tiles of 16 × 16 scores.

namespace avx512bf16 {
void attention_forward(const AttentionShape& shape, const AttentionForward<Bfloat16>& arrays,
                       Scratch& scratch);
void attention_backward(const AttentionShape& shape, const AttentionBackward<Bfloat16>& arrays,
                        Scratch& scratch);
}  // namespace avx512bf16

namespace amx {
void attention_forward(const AttentionShape& shape, const AttentionForward<Bfloat16>& arrays,
                       Scratch& scratch);
void attention_backward(const AttentionShape& shape, const AttentionBackward<Bfloat16>& arrays,
                        Scratch& scratch);
}  // namespace amx

}  // namespace qkv::kernels
