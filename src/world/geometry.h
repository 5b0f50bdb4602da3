#pragma once

#include "base/json.h"
#include "world/grammar.h"

namespace qkv::world {

/// The questions about the geometry of words that follow from the grammar's facts:
///   clusters    {"animal": ["cat", …], …}
///   analogies   [["man", "king", "woman", "queen"], …]   a is to b as c is to d
/// Throws Error with the grammar's file and key if it names an unknown class or attribute.
base::Json geometry_questions(const Grammar& grammar);

}  // namespace qkv::world
