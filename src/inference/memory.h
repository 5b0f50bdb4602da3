#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace qkv {

/// Arrays of floats that live as long as this does: all zero, each at the beginning of a cache
/// line, in large pages where the system has them (a pass reads every weight: small pages cost it
/// look-ups). Pages that nobody touches take no memory.
class FloatMemory {
 public:
  float* take(std::size_t count);

 private:
  struct Unmap {
    std::size_t bytes;
    void operator()(float* block) const;
  };
  std::vector<std::unique_ptr<float, Unmap>> blocks_;
  float* next_ = nullptr;
  std::size_t left_ = 0;  ///< floats behind next_
};

}  // namespace qkv
