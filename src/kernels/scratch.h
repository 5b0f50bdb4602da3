#pragma once

#include <cstddef>
#include <memory>

namespace qkv::kernels {

/// Working memory of a kernel, one for each thread. It grows to the largest request and stays, so
/// that a kernel that has run at its size allocates nothing.
class Scratch {
 public:
  /// At least `bytes` bytes at an address divisible by 64, with arbitrary contents; earlier memory
  /// is no longer valid. Throws std::bad_alloc.
  std::byte* reserve(std::size_t bytes);

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte[], Free> memory_;
  std::size_t size_ = 0;
};

}  // namespace qkv::kernels
