#pragma once

#include <vector>

#include "engine/arithmetic.h"

namespace qkv::engine {

/// The fastest arithmetic of those below.
const Arithmetic& best_arithmetic();

/// All instruction sets that this processor supports and QKV_INSTRUCTIONS allows
/// (kernels/processor.h), the simplest first.
std::vector<const Arithmetic*> usable_arithmetics();

}  // namespace qkv::engine
