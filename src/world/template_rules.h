#pragma once

#include "world/grammar.h"

namespace qkv::world {

/// Throws Error, with the template and its key, unless every draw gives a sentence from each
/// template: its things exist, each question marks one answer, and the place of each thing is known
/// if probes are made.
void check_templates(const Grammar& grammar);

}  // namespace qkv::world
