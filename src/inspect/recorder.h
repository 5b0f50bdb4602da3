#pragma once

#include <string>

#include "checkpoint/safetensors.h"
#include "model/pass.h"

namespace qkv {

/// Keeps every value of one forward pass in the order in which it came to be: float32, on the CPU,
/// without the batch axis. docs/taps.md lists names and shapes.
class Recorder : public Taps {
 public:
  /// Hands the value back as it is. Throws Error unless the pass has one row.
  Tensor see(const std::string& name, Tensor value) override;

  const NamedTensors& values() const { return values_; }
  bool has(const std::string& name) const { return find(name) != nullptr; }
  /// Throws Error where the pass had no value of that name.
  const Tensor& value(const std::string& name) const;

 private:
  const Tensor* find(const std::string& name) const;

  NamedTensors values_;
};

}  // namespace qkv
