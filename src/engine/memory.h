#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace qkv::engine {

/// Arrays of floats with the lifetime of this object: all zero, each at the beginning of a cache
/// line, on huge pages if the system has them. Pages that are never touched take no memory.
class FloatMemory {
 public:
  float* take(std::size_t count);

 private:
  struct Free {
    void operator()(float* array) const;
  };
  std::vector<std::unique_ptr<float, Free>> arrays_;
};

}  // namespace qkv::engine
