#include "engine/memory.h"

#include <cstdint>
#include <new>

#include "kernels/huge_pages.h"

namespace qkv::engine {

float* FloatMemory::take(std::size_t count) {
  if (count > SIZE_MAX / sizeof(float)) throw std::bad_alloc();
  arrays_.emplace_back(reinterpret_cast<float*>(kernels::allocate_huge(count * sizeof(float))));
  return arrays_.back().get();
}

void FloatMemory::Free::operator()(float* array) const {
  kernels::deallocate_huge(reinterpret_cast<std::byte*>(array));
}

}  // namespace qkv::engine
