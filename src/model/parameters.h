#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/tensor.h"

namespace qkv::model {

/// The weights of a model by their names in the checkpoint, in the order in which they were made.
/// Each has its own random stream, so its initial value depends only on seed and index.
class Parameters {
 public:
  Parameters(std::uint64_t seed, at::TensorOptions options) : seed_(seed), options_(options) {}

  /// New weights drawn from N(0, deviation²).
  Tensor normal(const std::string& name, at::IntArrayRef shape, double deviation);
  /// New weights drawn uniformly from −bound to bound.
  Tensor uniform(const std::string& name, at::IntArrayRef shape, double bound);
  /// New weights that all start with `value`.
  Tensor constant(const std::string& name, at::IntArrayRef shape, double value);

  const std::vector<std::pair<std::string, Tensor>>& list() const { return list_; }
  std::int64_t count() const;
  const at::TensorOptions& options() const { return options_; }

 private:
  /// New weights that `fill` fills; it receives an empty tensor and the generator of their stream.
  template <typename Fill>
  Tensor drawn(const std::string& name, at::IntArrayRef shape, const Fill& fill);
  Tensor add(const std::string& name, Tensor values);

  std::uint64_t seed_;
  at::TensorOptions options_;
  std::vector<std::pair<std::string, Tensor>> list_;
};

}  // namespace qkv::model
