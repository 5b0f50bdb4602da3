#pragma once

#include <cstddef>
#include <memory>

namespace qkv::kernels {

/// Memory that a kernel computes in, one for each thread. It grows to the largest request and
/// stays, so that a call of a kernel allocates nothing once it has run at its size.
class Scratch {
 public:
  /// At least `bytes` bytes at an address divisible by 64, holding anything; what was given out
  /// before is no longer valid. Throws std::bad_alloc.
  std::byte* reserve(std::size_t bytes);

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte[], Free> memory_;
  std::size_t size_ = 0;
};

}  // namespace qkv::kernels
