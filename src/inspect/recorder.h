#pragma once

#include <string>

#include "base/array.h"
#include "engine/taps.h"

namespace qkv::inspect {

/// Keeps every value of one forward pass in the order of computation. docs/taps.md lists names and
/// shapes.
class Recorder : public engine::Taps {
 public:
  void see(const engine::TapPlace& place, base::MutableView value) override;

  const base::NamedArrays& values() const { return values_; }
  bool has(const std::string& name) const { return find(name) != nullptr; }
  /// Throws Error if the pass had no value with that name.
  const base::Array& value(const std::string& name) const;

 private:
  const base::Array* find(const std::string& name) const;

  base::NamedArrays values_;
};

}  // namespace qkv::inspect
