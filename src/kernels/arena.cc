#include "kernels/arena.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstring>

namespace qkv::kernels {
namespace {

constexpr std::size_t kHuge = std::size_t{2} << 20;
/// A chunk for many arrays is a quarter of all chunks before it, within these limits: few are
/// needed, and little is unused.
constexpr std::size_t kSmallest = std::size_t{64} << 10;
constexpr std::size_t kLargest = 4 * kHuge;

std::size_t round_up(std::size_t count, std::size_t unit) {
  return (count + unit - 1) / unit * unit;
}

}  // namespace

void Arena::Free::operator()(std::byte* memory) const {
#if defined(__linux__)
  if (mapped > 0) {
    munmap(memory, mapped);
    return;
  }
#endif
  ::operator delete (memory, std::align_val_t{kLine});
}

/// Begins at a huge page: the parts of the mapping before and after it are returned.
Arena::Chunk Arena::map([[maybe_unused]] std::size_t size) {
#if defined(__linux__)
  void* const found =
      mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) throw std::bad_alloc();
  auto* const memory = static_cast<std::byte*>(found);
  const std::size_t before = round_up(reinterpret_cast<std::uintptr_t>(memory), kHuge) -
                             reinterpret_cast<std::uintptr_t>(memory);
  if (before > 0) munmap(memory, before);
  if (before < kHuge) munmap(memory + before + size, kHuge - before);
  madvise(memory + before, size, MADV_HUGEPAGE);  // a refusal only costs speed
  return {memory + before, Free{size}};
#else
  return nullptr;
#endif
}

double Arena::most_bytes(double of_arrays) {
  return of_arrays +
         std::clamp(of_arrays / 4, static_cast<double>(kSmallest), static_cast<double>(kHuge));
}

std::size_t Arena::add_chunk(std::size_t size) {
  chunks_.emplace_back();     // its own memory first: what is given next is not lost
#ifndef __SANITIZE_ADDRESS__  // otherwise, each array has its own memory, and overruns are detected
  if (size >= kHuge) {
    size = round_up(size, kHuge);
    chunks_.back() = map(size);
  }
#endif
  if (!chunks_.back()) {
    auto* const memory = static_cast<std::byte*>(::operator new (size, std::align_val_t{kLine}));
    std::memset(memory, 0, size);
    chunks_.back() = {memory, Free{}};
  }
  total_ += size;
  return size;
}

std::byte* Arena::take_bytes(std::size_t bytes) {
  if (bytes > PTRDIFF_MAX - kLargest) throw std::bad_alloc();
#ifdef __SANITIZE_ADDRESS__
  add_chunk(bytes);
  return chunks_.back().get();
#endif
  // An odd number of lines, so that equal offsets in two arrays do not share a set of a cache.
  const std::size_t size = round_up(bytes, 2 * kLine) + kLine;
  if (left_ >= size) {
    std::byte* const array = next_;
    next_ += size;
    left_ -= size;
    return array;
  }
  const std::size_t chunk = add_chunk(std::max(size, std::clamp(total_ / 4, kSmallest, kLargest)));
  std::byte* const array = chunks_.back().get();
  if (chunk - size > left_) {
    next_ = array + size;
    left_ = chunk - size;
  }
  return array;
}

}  // namespace qkv::kernels
