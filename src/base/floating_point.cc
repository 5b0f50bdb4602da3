#include "base/floating_point.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace qkv::base {

void flush_subnormals() {
#if defined(__x86_64__)
  constexpr unsigned kOfResults = 0x8000;
  constexpr unsigned kOfOperands = 0x0040;
  _mm_setcsr(_mm_getcsr() | kOfResults | kOfOperands);
#endif
}

}  // namespace qkv::base
