#include "inference/memory.h"

#include "kernels/huge_pages.h"

namespace qkv {

float* FloatMemory::take(std::size_t count) {
  arrays_.emplace_back(reinterpret_cast<float*>(allocate_huge(count * sizeof(float))));
  return arrays_.back().get();
}

void FloatMemory::Free::operator()(float* array) const {
  deallocate_huge(reinterpret_cast<std::byte*>(array));
}

}  // namespace qkv
