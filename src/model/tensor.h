#pragma once

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

namespace qkv::model {

using torch::Tensor;

/// Tensors by name, in a meaningful order.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// A shape as messages show it: "[2, 4, 16]".
std::string shape_text(at::IntArrayRef shape);

/// Throws Error "WHAT: found shape …, expected …" unless they are equal; −1 in `expected` fits any
/// size.
void require_shape(const Tensor& tensor, at::IntArrayRef expected, const char* what);

}  // namespace qkv::model
