#include "model/parameters.h"

#include <algorithm>

#include "spec/initial_weights.h"

namespace qkv::model {

Parameters::Parameters(spec::WeightList weights, std::uint64_t seed, at::TensorOptions options)
    : weights_(std::move(weights)), options_(options) {
  for (base::Array& values : spec::initial_weights(weights_, seed)) {
    const Tensor weight =
        torch::from_blob(values.values.data(), values.shape, at::kFloat).to(options, false, true);
    list_.emplace_back(weights_.all[list_.size()].name, weight.requires_grad_());
  }
}

Tensor Parameters::at(spec::WeightIndex index) const {
  return index == spec::kAbsent ? Tensor() : list_.at(static_cast<std::size_t>(index)).second;
}

std::vector<base::Array> Parameters::arrays() const {
  std::vector<base::Array> arrays;
  arrays.reserve(list_.size());
  for (const auto& [name, weight] : list_) {
    const Tensor values = weight.detach().to(at::kCPU, at::kFloat).contiguous();
    base::Array& array = arrays.emplace_back(values.sizes().vec());
    std::copy_n(values.const_data_ptr<float>(), array.values.size(), array.values.data());
  }
  return arrays;
}

std::int64_t Parameters::count() const {
  std::int64_t count = 0;
  for (const auto& [name, values] : list_) count += values.numel();
  return count;
}

}  // namespace qkv::model
