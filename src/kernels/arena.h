#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

namespace qkv::kernels {

/// Memory for arrays of numbers that live as long as this object. Each array is zero at first and
/// begins at a cache line. Large ones are on huge pages if the system has them, and their pages
/// take no memory before they are touched.
class Arena {
 public:
  /// An array of this many numbers. Throws std::bad_alloc.
  template <typename T>
  std::span<T> take(std::int64_t count) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kLine);
    if (count < 0 || static_cast<std::uint64_t>(count) > PTRDIFF_MAX / sizeof(T))
      throw std::bad_alloc();
    const auto size = static_cast<std::size_t>(count);
    return {reinterpret_cast<T*>(take_bytes(size * sizeof(T))), size};
  }

  /// The most memory that arrays with so many bytes in all take, about: the rest of a chunk may be
  /// unused. As a double: nothing overflows.
  static double most_bytes(double of_arrays);

  static constexpr std::size_t kLine = 64;  ///< bytes

 private:
  struct Free {
    std::size_t mapped = 0;  ///< bytes if the system gave them directly, or 0
    void operator()(std::byte* memory) const;
  };
  using Chunk = std::unique_ptr<std::byte, Free>;

  std::byte* take_bytes(std::size_t bytes);
  /// Gets a chunk of at least this size; returns its real size.
  std::size_t add_chunk(std::size_t size);
  static Chunk map(std::size_t size);

  std::vector<Chunk> chunks_;
  std::size_t total_ = 0;      ///< bytes in all chunks
  std::byte* next_ = nullptr;  ///< the beginning of the largest rest of a chunk
  std::size_t left_ = 0;       ///< its size
};

}  // namespace qkv::kernels
