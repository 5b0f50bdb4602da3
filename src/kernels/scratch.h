#pragma once

#include <cstddef>
#include <span>

#include "kernels/arena.h"

namespace qkv::kernels {

/// Working memory of a kernel, one for each thread. It grows to the largest request and stays, so
/// that a kernel that has run at its size allocates nothing.
class Scratch {
 public:
  /// At least `bytes` bytes at the beginning of a cache line, with arbitrary contents; earlier
  /// memory is no longer valid. Throws std::bad_alloc.
  std::byte* reserve(std::size_t bytes);

 private:
  Arena arena_;  ///< of `memory_` alone
  std::span<std::byte> memory_;
};

}  // namespace qkv::kernels
