#include "model/parameters.h"

#include "base/random.h"
#include "model/libtorch.h"

namespace qkv::model {
namespace {

/// Fresh values for `empty`, drawn from the stream `key`.
Tensor start(const Tensor& empty, const spec::Initial& initial, std::uint64_t key) {
  const at::Generator generator = keyed_generator(key, at::kCPU);
  switch (initial.kind) {
    case spec::Initial::Kind::kNormal:
      return empty.normal_(0.0, initial.value, generator);
    case spec::Initial::Kind::kUniform:
      return empty.uniform_(-initial.value, initial.value, generator);
    case spec::Initial::Kind::kConstant:
      break;
  }
  return empty.fill_(initial.value);
}

}  // namespace

Parameters::Parameters(spec::WeightList weights, std::uint64_t seed, at::TensorOptions options)
    : weights_(std::move(weights)), options_(options) {
  for (const spec::Weight& weight : weights_.all) {
    // Drawn on the CPU, so that every device starts from the same weights.
    const std::uint64_t key =
        base::stream_key(seed, base::Purpose::kInitialisation, {list_.size()});
    const Tensor empty = torch::empty(weight.shape, options.device(at::kCPU));
    list_.emplace_back(weight.name,
                       start(empty, weight.initial, key).to(options.device()).requires_grad_());
  }
}

Tensor Parameters::at(spec::WeightIndex index) const {
  return index == spec::kAbsent ? Tensor() : list_.at(static_cast<std::size_t>(index)).second;
}

std::int64_t Parameters::count() const {
  std::int64_t count = 0;
  for (const auto& [name, values] : list_) count += values.numel();
  return count;
}

}  // namespace qkv::model
