#pragma once

#include "kernels/bfloat16.h"
#include "kernels/product.h"
#include "kernels/scratch.h"

namespace qkv::kernels::amx {

/// c = a b, or c += a b if `add`, with tiles; only if instructions() is kAmx.
template <typename C>
void multiply_matrices(const Matrix<const Bfloat16>& a, const Matrix<const Bfloat16>& b,
                       const Matrix<C>& c, bool add, Scratch& scratch);

}  // namespace qkv::kernels::amx
