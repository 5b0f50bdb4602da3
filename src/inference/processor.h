#pragma once

#include <vector>

#include "inference/arithmetic.h"

namespace qkv {

/// The fastest arithmetic that this processor runs.
const Arithmetic& best_arithmetic();

/// All that this processor runs, the plainest first.
std::vector<const Arithmetic*> usable_arithmetics();

}  // namespace qkv
