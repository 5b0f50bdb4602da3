#pragma once

#include <cstddef>
#include <new>
#include <vector>

#include "kernels/huge_pages.h"

namespace qkv::kernels {

/// Provides memory that begins at a cache line, so that no vector load crosses two; large arrays
/// are on huge pages.
template <typename T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};

  LineAllocator() = default;
  template <typename U>
  LineAllocator(const LineAllocator<U>&) {
  }  // NOLINT(google-explicit-constructor): as allocators do

  T* allocate(std::size_t count) {
    if (is_large(count)) return reinterpret_cast<T*>(allocate_huge(count * sizeof(T)));
    return static_cast<T*>(::operator new(count * sizeof(T), kLine));
  }
  void deallocate(T* memory, std::size_t count) {
    if (is_large(count)) return deallocate_huge(reinterpret_cast<std::byte*>(memory));
    ::operator delete(memory, kLine);
  }
  bool operator==(const LineAllocator&) const { return true; }

 private:
  static bool is_large(std::size_t count) { return count * sizeof(T) >= (std::size_t{64} << 10); }
};

/// An array for vector loops.
template <typename T>
using Buffer = std::vector<T, LineAllocator<T>>;

}  // namespace qkv::kernels
