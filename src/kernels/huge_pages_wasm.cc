// WebAssembly has no pages to choose from: ordinary memory, filled with zeros.
#include <algorithm>
#include <new>

#include "kernels/huge_pages.h"

namespace qkv::kernels {
namespace {

constexpr std::align_val_t kLine{64};

}  // namespace

std::byte* allocate_huge(std::size_t bytes) {
  auto* const memory = static_cast<std::byte*>(::operator new(bytes, kLine));
  std::fill_n(memory, bytes, std::byte{});
  return memory;
}

void deallocate_huge(std::byte* memory) noexcept { ::operator delete(memory, kLine); }

}  // namespace qkv::kernels
