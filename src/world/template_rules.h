#pragma once

#include "world/grammar.h"

namespace qkv::world {

/// Throws Error, with the template and its key, unless a sentence can be written from each
/// template whatever is drawn: the things that it tells and asks about are there, each question
/// marks one answer, and where probes are made the place of each thing is known.
void check_templates(const Grammar& grammar);

}  // namespace qkv::world
