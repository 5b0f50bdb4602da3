#pragma once

#include <string>

#include "checkpoint/safetensors.h"
#include "model/pass.h"

namespace qkv::inspect {

/// Keeps every value of one forward pass in the order of computation: float32, on the CPU, without
/// the batch axis. docs/taps.md lists names and shapes.
class Recorder : public model::Taps {
 public:
  /// Returns the value unchanged. Throws Error unless the pass has one row.
  model::Tensor see(const std::string& name, model::Tensor value) override;

  const checkpoint::NamedTensors& values() const { return values_; }
  bool has(const std::string& name) const { return find(name) != nullptr; }
  /// Throws Error if the pass had no value with that name.
  const model::Tensor& value(const std::string& name) const;

 private:
  const model::Tensor* find(const std::string& name) const;

  checkpoint::NamedTensors values_;
};

}  // namespace qkv::inspect
