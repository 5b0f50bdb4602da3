#include "kernels/scratch.h"

#include <new>

namespace qkv::kernels {
namespace {

constexpr std::align_val_t kAlignment{64};

}  // namespace

std::byte* Scratch::reserve(std::size_t bytes) {
  if (bytes > size_) {
    memory_.reset();
    size_ = 0;
    memory_.reset(new (kAlignment) std::byte[bytes]);
    size_ = bytes;
  }
  return memory_.get();
}

void Scratch::Free::operator()(std::byte* memory) const { operator delete[](memory, kAlignment); }

}  // namespace qkv::kernels
