#include "engine/processor.h"

#include "kernels/processor.h"

namespace qkv::engine {

namespace baseline {
const Arithmetic& arithmetic();
}
#if defined(__x86_64__)
namespace avx2 {
const Arithmetic& arithmetic();
}
namespace avx512 {
const Arithmetic& arithmetic();
}
#endif

std::vector<const Arithmetic*> usable_arithmetics() {
  std::vector<const Arithmetic*> usable = {&baseline::arithmetic()};
#if defined(__x86_64__)
  if (kernels::instructions() >= kernels::Instructions::kAvx2)
    usable.push_back(&avx2::arithmetic());
  if (kernels::instructions() >= kernels::Instructions::kAvx512)
    usable.push_back(&avx512::arithmetic());
#endif
  return usable;
}

const Arithmetic& best_arithmetic() { return *usable_arithmetics().back(); }

}  // namespace qkv::engine
