#pragma once

#include "kernels/activation.h"
#include "kernels/norm.h"
#include "kernels/token_loops.h"
#include "kernels/update_loops.h"

namespace qkv::kernels {

/// All loops of one instruction set.
template <typename T>
struct Loops {
  const NormLoops<T>& norm;
  const ActivationLoops<T>& activation;
  const TokenLoops<T>& tokens;
  const UpdateLoops& update;
};

}  // namespace qkv::kernels
