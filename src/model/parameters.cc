#include "model/parameters.h"

#include "base/random.h"
#include "model/libtorch.h"

namespace qkv::model {

template <typename Fill>
Tensor Parameters::drawn(const std::string& name, at::IntArrayRef shape, const Fill& fill) {
  if (options_.device().is_meta()) return add(name, torch::empty(shape, options_));
  // Drawn on the CPU, so that every device starts from the same weights.
  const at::Generator generator = keyed_generator(
      base::stream_key(seed_, base::Purpose::kInitialisation, {list_.size()}), at::kCPU);
  return add(name, fill(torch::empty(shape, options_.device(at::kCPU)), generator));
}

Tensor Parameters::normal(const std::string& name, at::IntArrayRef shape, double deviation) {
  return drawn(name, shape, [&](const Tensor& empty, const at::Generator& generator) {
    return empty.normal_(0.0, deviation, generator);
  });
}

Tensor Parameters::uniform(const std::string& name, at::IntArrayRef shape, double bound) {
  return drawn(name, shape, [&](const Tensor& empty, const at::Generator& generator) {
    return empty.uniform_(-bound, bound, generator);
  });
}

Tensor Parameters::constant(const std::string& name, at::IntArrayRef shape, double value) {
  return add(name, torch::full(shape, value, options_));
}

Tensor Parameters::add(const std::string& name, Tensor values) {
  list_.emplace_back(name, values.to(options_.device()).requires_grad_());
  return list_.back().second;
}

std::int64_t Parameters::count() const {
  std::int64_t count = 0;
  for (const auto& [name, values] : list_) count += values.numel();
  return count;
}

}  // namespace qkv::model
