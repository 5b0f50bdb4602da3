#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/array.h"
#include "model/tensor.h"
#include "spec/weights.h"

namespace qkv::model {

/// The weights of a model as tensors. Each has its own random stream, so its initial value depends
/// only on the seed and its index in the list.
class Parameters {
 public:
  Parameters(spec::WeightList weights, std::uint64_t seed, at::TensorOptions options);

  /// Their names, shapes and roles.
  const spec::WeightList& weights() const { return weights_; }
  /// Name in the checkpoint and values, in the order of weights().all.
  const NamedTensors& list() const { return list_; }
  /// The weight at this index; undefined for spec::kAbsent.
  Tensor at(spec::WeightIndex index) const;

  /// The values as plain float32 arrays, in the same order.
  std::vector<base::Array> arrays() const;

  std::int64_t count() const;
  const at::TensorOptions& options() const { return options_; }

 private:
  spec::WeightList weights_;
  at::TensorOptions options_;
  NamedTensors list_;
};

}  // namespace qkv::model
