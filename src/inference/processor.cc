#include "inference/processor.h"

namespace qkv {

const Arithmetic& arithmetic_plain();
const Arithmetic& arithmetic_avx2();
const Arithmetic& arithmetic_avx512();

std::vector<const Arithmetic*> usable_arithmetics() {
  std::vector<const Arithmetic*> usable = {&arithmetic_plain()};
#if defined(QKV_X86_64)
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    usable.push_back(&arithmetic_avx2());
    if (__builtin_cpu_supports("avx512f") != 0) usable.push_back(&arithmetic_avx512());
  }
#endif
  return usable;
}

const Arithmetic& best_arithmetic() { return *usable_arithmetics().back(); }

}  // namespace qkv
