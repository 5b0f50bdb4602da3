#include "inference/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace qkv {
namespace {

constexpr std::size_t kLine = 64 / sizeof(float);
constexpr std::size_t kLargePage = std::size_t{2} << 20;

std::size_t up_to(std::size_t count, std::size_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

}  // namespace

float* FloatMemory::take(std::size_t count) {
  count = up_to(count, kLine);
  if (count > left_) {
    // One more large page than asked for: the system aligns to small ones.
    constexpr std::size_t kLeast = 4 * kLargePage;
    const std::size_t bytes =
        std::max(kLeast, up_to(count * sizeof(float), kLargePage)) + kLargePage;
    void* block =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    ::madvise(block, bytes, MADV_HUGEPAGE);  // where it cannot, all works as well
    blocks_.emplace_back(static_cast<float*>(block), Unmap{bytes});
    next_ = static_cast<float*>(block);
    left_ = bytes / sizeof(float);
  }
  float* taken = next_;
  next_ += count;
  left_ -= count;
  return taken;
}

void FloatMemory::Unmap::operator()(float* block) const { ::munmap(block, bytes); }

}  // namespace qkv
