#include "train/arrays.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "model/libtorch.h"

namespace qkv::train {
namespace {

/// The values as a tensor that shares their memory.
model::Tensor tensor_of(base::View values) {
  // from_blob only reads here: the tensor is copied from.
  return torch::from_blob(const_cast<float*>(values.data),
                          at::IntArrayRef(values.shape.data(), values.shape.size()), at::kFloat);
}

}  // namespace

std::vector<checkpoint::SavedArray> saved(const model::NamedTensors& tensors) {
  std::vector<checkpoint::SavedArray> arrays;
  for (const auto& [name, tensor] : tensors) {
    arrays.push_back({.name = name,
                      .shape = tensor.sizes().vec(),
                      .copy = [&tensor = tensor](std::span<float> values) {
                        const model::Tensor plain =
                            tensor.detach().to(at::kCPU, at::kFloat).contiguous();
                        std::copy_n(plain.const_data_ptr<float>(), values.size(), values.data());
                      }});
  }
  return arrays;
}

void load_weights(const engine::Model& saved, const model::Model& model) {
  const torch::NoGradGuard no_gradients;
  spec::WeightIndex index = 0;
  for (const auto& [name, weight] : model.parameters().list()) {
    const base::Array values = saved.weight(index++);
    weight.copy_(tensor_of(values.view()));  // throws where the shapes differ
  }
}

void load_moments(const base::NamedArrays& saved, const model::NamedTensors& moments,
                  const std::string& where) {
  if (saved.size() != moments.size()) {
    throw base::Error(
        base::concat(where, ": found ", saved.size(), " tensors, expected ", moments.size()));
  }
  const torch::NoGradGuard no_gradients;
  for (std::size_t index = 0; index < saved.size(); ++index) {
    const auto& [name, array] = saved[index];
    const auto& [expected, moment] = moments[index];
    if (name != expected || moment.sizes() != array.shape) {
      throw base::Error(base::concat(
          where, ": found tensor ", base::quoted(name), " ", base::shape_text(array.shape),
          ", expected ", base::quoted(expected), " ", model::shape_text(moment.sizes())));
    }
    moment.copy_(tensor_of(array.view()));
  }
}

}  // namespace qkv::train
