#include "model/tensor.h"

#include "base/error.h"
#include "base/format.h"

namespace qkv::model {

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    text += (axis == 0 ? "" : ", ") + std::to_string(shape[axis]);
  }
  return text + "]";
}

void require_shape(const Tensor& tensor, at::IntArrayRef expected, const char* what) {
  bool fits = tensor.defined() && tensor.dim() == static_cast<std::int64_t>(expected.size());
  for (std::size_t axis = 0; fits && axis < expected.size(); ++axis) {
    fits = expected[axis] == -1 || tensor.size(static_cast<std::int64_t>(axis)) == expected[axis];
  }
  if (!fits) {
    throw base::Error(base::concat(what, ": found shape ",
                                   tensor.defined() ? shape_text(tensor.sizes()) : "nothing",
                                   ", expected ", shape_text(expected)));
  }
}

}  // namespace qkv::model
