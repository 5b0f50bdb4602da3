#pragma once

#include <torch/types.h>

#include <string>

namespace qkv::model {

using torch::Tensor;

/// A shape as messages show it: "[2, 4, 16]".
std::string shape_text(at::IntArrayRef shape);

/// Throws Error "WHAT: found shape …, expected …" unless they are equal; −1 in `expected` fits any
/// size.
void require_shape(const Tensor& tensor, at::IntArrayRef expected, const char* what);

}  // namespace qkv::model
