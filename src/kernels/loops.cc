// Which instruction set's loops are used.
#include "kernels/activation.h"
#include "kernels/norm.h"
#include "kernels/processor.h"
#include "kernels/token_loops.h"
#include "kernels/update_loops.h"

namespace qkv {

namespace baseline {
template <typename T>
const NormLoops<T>& norm_loops();
template <typename T>
const ActivationLoops<T>& activation_loops();
template <typename T>
const TokenLoops<T>& token_loops();
const UpdateLoops& update_loops();
}  // namespace baseline

#if defined(__x86_64__)
namespace avx2 {
template <typename T>
const NormLoops<T>& norm_loops();
template <typename T>
const ActivationLoops<T>& activation_loops();
template <typename T>
const TokenLoops<T>& token_loops();
const UpdateLoops& update_loops();
}  // namespace avx2
namespace avx512 {
template <typename T>
const NormLoops<T>& norm_loops();
template <typename T>
const ActivationLoops<T>& activation_loops();
template <typename T>
const TokenLoops<T>& token_loops();
const UpdateLoops& update_loops();
}  // namespace avx512
#else
namespace avx2 = baseline;
namespace avx512 = baseline;
#endif

namespace {

template <typename Table>
const Table& chosen(const Table& (&plain)(), const Table& (&with_avx2)(),
                    const Table& (&with_avx512)()) {
  switch (instructions()) {
    case Instructions::kBaseline:
      return plain();
    case Instructions::kAvx2:
      return with_avx2();
    default:
      return with_avx512();
  }
}

}  // namespace

template <typename T>
const NormLoops<T>& norm_loops() {
  return chosen(baseline::norm_loops<T>, avx2::norm_loops<T>, avx512::norm_loops<T>);
}
template const NormLoops<float>& norm_loops<float>();
template const NormLoops<Bfloat16>& norm_loops<Bfloat16>();

template <typename T>
const ActivationLoops<T>& activation_loops() {
  return chosen(baseline::activation_loops<T>, avx2::activation_loops<T>,
                avx512::activation_loops<T>);
}
template const ActivationLoops<float>& activation_loops<float>();
template const ActivationLoops<Bfloat16>& activation_loops<Bfloat16>();

template <typename T>
const TokenLoops<T>& token_loops() {
  return chosen(baseline::token_loops<T>, avx2::token_loops<T>, avx512::token_loops<T>);
}
template const TokenLoops<float>& token_loops<float>();
template const TokenLoops<Bfloat16>& token_loops<Bfloat16>();

const UpdateLoops& update_loops() {
  return chosen(baseline::update_loops, avx2::update_loops, avx512::update_loops);
}

}  // namespace qkv
