#include "kernels/lanes.h"
#include "kernels/loops.h"

namespace qkv::kernels::QKV_LANES {

// Each table is defined in the file with its name.
template <typename T>
const NormLoops<T>& norm_loops();
template <typename T>
const ActivationLoops<T>& activation_loops();
template <typename T>
const TokenLoops<T>& token_loops();
template <typename T>
const AttentionLoops<T>& attention_loops();
const UpdateLoops& update_loops();
const PanelLoops& panel_loops();
const SoftmaxLoops& softmax_loops();
const RecurrentLoops& recurrent_loops();

template <typename T>
LoopsOver<T> loops_over() {
#ifdef __wasm__  // with attention, the module would be a quarter larger
  return {norm_loops<T>(), activation_loops<T>(), token_loops<T>()};
#else
  return {norm_loops<T>(), activation_loops<T>(), token_loops<T>(), attention_loops<T>()};
#endif
}

Loops loops(Instructions instructions) {
  return {.instructions = instructions,
          .over_floats = loops_over<float>(),
          .over_bfloat16 = loops_over<Bfloat16>(),
          .update = update_loops(),
          .panels = panel_loops(),
          .softmax = softmax_loops(),
          .recurrent = recurrent_loops()};
}

}  // namespace qkv::kernels::QKV_LANES
