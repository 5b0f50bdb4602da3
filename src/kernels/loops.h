#pragma once

#include "kernels/activation.h"
#include "kernels/attention_core.h"
#include "kernels/norm.h"
#include "kernels/panels.h"
#include "kernels/processor.h"
#include "kernels/recurrent.h"
#include "kernels/softmax.h"
#include "kernels/token_loops.h"
#include "kernels/update_loops.h"

namespace qkv::kernels {

/// The loops of one instruction set over numbers of type T, float or Bfloat16.
template <typename T>
struct LoopsOver {
  const NormLoops<T>& norm;
  const ActivationLoops<T>& activation;
  const TokenLoops<T>& tokens;
  AttentionLoops<T> attention{};  ///< none in the WebAssembly module, which only reads texts
};

/// All loops of one instruction set.
struct Loops {
  Instructions instructions;  ///< the set
  LoopsOver<float> over_floats;
  LoopsOver<Bfloat16> over_bfloat16;
  const UpdateLoops& update;
  const PanelLoops& panels;
  const SoftmaxLoops& softmax;
  const RecurrentLoops& recurrent;
};

/// Those of a set that the processor has. AMX has its own for attention in bfloat16; all others are
/// those of kAvx512Bf16.
const Loops& loops(Instructions instructions);
/// Those of the set that the kernels use.
const Loops& loops();

}  // namespace qkv::kernels
