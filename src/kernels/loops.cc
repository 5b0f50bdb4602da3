// Which instruction set's loops are used.
#include "kernels/loops.h"

namespace qkv::kernels {

namespace baseline {
Loops loops(Instructions instructions);
}
#if defined(__x86_64__)
namespace avx2 {
Loops loops(Instructions instructions);
}
namespace avx512 {
Loops loops(Instructions instructions);
}
namespace avx512bf16 {
Loops loops(Instructions instructions);
}

namespace amx {

void attention_forward(const AttentionShape& shape, const AttentionForward<Bfloat16>& arrays,
                       Scratch& scratch);
void attention_backward(const AttentionShape& shape, const AttentionBackward<Bfloat16>& arrays,
                        Scratch& scratch);

static Loops loops(Instructions instructions) {
  Loops loops = avx512bf16::loops(instructions);
  loops.over_bfloat16.attention = {attention_forward, attention_backward};
  return loops;
}

}  // namespace amx
#endif

const Loops& loops(Instructions instructions) {
  switch (instructions) {
#if defined(__x86_64__)
    case Instructions::kAmx: {
      static const Loops made = amx::loops(Instructions::kAmx);
      return made;
    }
    case Instructions::kAvx512Bf16: {
      static const Loops made = avx512bf16::loops(Instructions::kAvx512Bf16);
      return made;
    }
    case Instructions::kAvx512: {
      static const Loops made = avx512::loops(Instructions::kAvx512);
      return made;
    }
    case Instructions::kAvx2: {
      static const Loops made = avx2::loops(Instructions::kAvx2);
      return made;
    }
#endif
    default: {
      static const Loops made = baseline::loops(Instructions::kBaseline);
      return made;
    }
  }
}

const Loops& loops() {
  static const Loops& chosen = loops(instructions());
  return chosen;
}

namespace {

template <typename T>
const LoopsOver<T>& loops_over() {
  if constexpr (sizeof(T) == sizeof(float)) {
    return loops().over_floats;
  } else {
    return loops().over_bfloat16;
  }
}

}  // namespace

template <typename T>
const NormLoops<T>& norm_loops() {
  return loops_over<T>().norm;
}
template const NormLoops<float>& norm_loops<float>();
template const NormLoops<Bfloat16>& norm_loops<Bfloat16>();

template <typename T>
const ActivationLoops<T>& activation_loops() {
  return loops_over<T>().activation;
}
template const ActivationLoops<float>& activation_loops<float>();
template const ActivationLoops<Bfloat16>& activation_loops<Bfloat16>();

template <typename T>
const TokenLoops<T>& token_loops() {
  return loops_over<T>().tokens;
}
template const TokenLoops<float>& token_loops<float>();
template const TokenLoops<Bfloat16>& token_loops<Bfloat16>();

template <typename T>
const AttentionLoops<T>& attention_loops() {
  return loops_over<T>().attention;
}
template const AttentionLoops<float>& attention_loops<float>();
template const AttentionLoops<Bfloat16>& attention_loops<Bfloat16>();

const UpdateLoops& update_loops() { return loops().update; }

}  // namespace qkv::kernels
