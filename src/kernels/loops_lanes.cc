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
const UpdateLoops& update_loops();

template <typename T>
const Loops<T>& loops() {
  static const Loops<T> all{norm_loops<T>(), activation_loops<T>(), token_loops<T>(),
                            update_loops()};
  return all;
}
template const Loops<float>& loops<float>();
template const Loops<Bfloat16>& loops<Bfloat16>();

}  // namespace qkv::kernels::QKV_LANES
