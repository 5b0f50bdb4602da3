#pragma once

#include "kernels/attention_core.h"

// Attention in bfloat16 with tiles of 16 × 16 scores, for processors with AMX.
namespace qkv::kernels::amx {

void attention_forward(const AttentionShape& shape, const AttentionForward<Bfloat16>& arrays,
                       Scratch& scratch);

void attention_backward(const AttentionShape& shape, const AttentionBackward<Bfloat16>& arrays,
                        Scratch& scratch);

}  // namespace qkv::kernels::amx
