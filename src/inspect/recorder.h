#pragma once

#include <string>

#include "checkpoint/safetensors.h"
#include "model/pass.h"

namespace qkv::inspect {

/// Keeps every value of one forward pass in the order in which it came to be: float32, on the CPU,
/// without the batch axis. docs/taps.md lists names and shapes.
class Recorder : public model::Taps {
 public:
  /// Hands the value back as it is. Throws Error unless the pass has one row.
  model::Tensor see(const std::string& name, model::Tensor value) override;

  const checkpoint::NamedTensors& values() const { return values_; }
  bool has(const std::string& name) const { return find(name) != nullptr; }
  /// Throws Error where the pass had no value of that name.
  const model::Tensor& value(const std::string& name) const;

 private:
  const model::Tensor* find(const std::string& name) const;

  checkpoint::NamedTensors values_;
};

}  // namespace qkv::inspect
