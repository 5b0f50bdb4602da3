#include "kernels/scratch.h"

#include <cstdint>

namespace qkv::kernels {

std::byte* Scratch::reserve(std::size_t bytes) {
  if (bytes > memory_.size()) {
    memory_ = {};
    arena_ = {};  // before more is taken
    memory_ = arena_.take<std::byte>(static_cast<std::int64_t>(bytes));
  }
  return memory_.data();
}

}  // namespace qkv::kernels
