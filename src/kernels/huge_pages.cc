#include "kernels/huge_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <new>

namespace qkv::kernels {
namespace {

constexpr std::size_t kHuge = std::size_t{2} << 20;
constexpr std::size_t kLine = 64;
/// A mapping holds several arrays, unless one is larger.
constexpr std::size_t kMapping = 4 * kHuge;

std::size_t round_up(std::size_t count, std::size_t unit) {
  return (count + unit - 1) / unit * unit;
}

struct Mapping {
  std::size_t size;
  std::size_t used = 0;
  std::size_t arrays = 0;
};

/// All mappings of the process, by their addresses.
struct Mappings {
  std::mutex mutex;
  std::map<std::byte*, Mapping> all;
  std::byte* newest = nullptr;
};

Mappings& mappings() {
  static auto* const made = new Mappings;  // outlives the last array
  return *made;
}

/// Begins at a huge page: the parts of the mapping before and after it are returned.
std::byte* map(std::size_t size) {
  void* const found =
      mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) throw std::bad_alloc();
  auto* const memory = static_cast<std::byte*>(found);
  const std::size_t before = round_up(reinterpret_cast<std::uintptr_t>(memory), kHuge) -
                             reinterpret_cast<std::uintptr_t>(memory);
  if (before > 0) munmap(memory, before);
  if (before < kHuge) munmap(memory + before + size, kHuge - before);
  madvise(memory + before, size, MADV_HUGEPAGE);  // a refusal only costs speed
  return memory + before;
}

}  // namespace

std::byte* allocate_huge(std::size_t bytes) {
  if (bytes > PTRDIFF_MAX - kMapping) throw std::bad_alloc();
#ifdef __SANITIZE_ADDRESS__
  // Each array has its own mapping, so that overruns and leaks are detected.
  auto* const alone = static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kLine}));
  std::fill_n(alone, bytes, std::byte{});
  return alone;
#endif
  // An odd number of lines, so that equal offsets in two arrays do not share a set of a cache.
  const std::size_t size = round_up(bytes, 2 * kLine) + kLine;
  Mappings& known = mappings();
  const std::lock_guard lock(known.mutex);
  auto mapping = known.all.find(known.newest);
  if (mapping == known.all.end() || mapping->second.size - mapping->second.used < size) {
    const std::size_t whole = std::max(kMapping, round_up(size, kHuge));
    std::byte* const memory = map(whole);
    mapping = known.all.emplace(memory, Mapping{.size = whole}).first;
    known.newest = memory;
  }
  std::byte* const memory = mapping->first + mapping->second.used;
  mapping->second.used += size;
  ++mapping->second.arrays;
  return memory;
}

void deallocate_huge(std::byte* memory) noexcept {
#ifdef __SANITIZE_ADDRESS__
  return ::operator delete (memory, std::align_val_t{kLine});
#endif
  Mappings& known = mappings();
  const std::lock_guard lock(known.mutex);
  const auto mapping = std::prev(known.all.upper_bound(memory));
  if (--mapping->second.arrays > 0) return;
  munmap(mapping->first, mapping->second.size);
  known.all.erase(mapping);
}

}  // namespace qkv::kernels
