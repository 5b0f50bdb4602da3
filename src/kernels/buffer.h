#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace qkv {

/// Gives memory that begins at a cache line, so that no vector register's load straddles two.
template <typename T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};

  LineAllocator() = default;
  template <typename U>
  LineAllocator(const LineAllocator<U>&) {
  }  // NOLINT(google-explicit-constructor): as allocators do

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), kLine));
  }
  void deallocate(T* memory, std::size_t) { ::operator delete(memory, kLine); }
  bool operator==(const LineAllocator&) const { return true; }
};

/// An array that vector loops run over.
template <typename T>
using Buffer = std::vector<T, LineAllocator<T>>;

}  // namespace qkv
