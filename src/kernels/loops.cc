// Which instruction set's loops are used.
#include "kernels/loops.h"

#include "kernels/processor.h"

namespace qkv::kernels {

namespace baseline {
template <typename T>
const Loops<T>& loops();
}
#if defined(__x86_64__)
namespace avx2 {
template <typename T>
const Loops<T>& loops();
}
namespace avx512 {
template <typename T>
const Loops<T>& loops();
}
namespace avx512bf16 {
template <typename T>
const Loops<T>& loops();
}
#endif

namespace {

template <typename T>
const Loops<T>& chosen() {
#if defined(__x86_64__)
  if (instructions() >= Instructions::kAvx512Bf16) return avx512bf16::loops<T>();
  if (instructions() >= Instructions::kAvx512) return avx512::loops<T>();
  if (instructions() >= Instructions::kAvx2) return avx2::loops<T>();
#endif
  return baseline::loops<T>();
}

}  // namespace

template <typename T>
const NormLoops<T>& norm_loops() {
  return chosen<T>().norm;
}
template const NormLoops<float>& norm_loops<float>();
template const NormLoops<Bfloat16>& norm_loops<Bfloat16>();

template <typename T>
const ActivationLoops<T>& activation_loops() {
  return chosen<T>().activation;
}
template const ActivationLoops<float>& activation_loops<float>();
template const ActivationLoops<Bfloat16>& activation_loops<Bfloat16>();

template <typename T>
const TokenLoops<T>& token_loops() {
  return chosen<T>().tokens;
}
template const TokenLoops<float>& token_loops<float>();
template const TokenLoops<Bfloat16>& token_loops<Bfloat16>();

const UpdateLoops& update_loops() { return chosen<float>().update; }

}  // namespace qkv::kernels
