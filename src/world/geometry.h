#pragma once

#include "base/json.h"
#include "world/grammar.h"

namespace qkv::world {

/// The questions that the places of words in space answer, as the grammar's facts decide them:
///   clusters    {"animal": ["cat", …], …}
///   analogies   [["man", "king", "woman", "queen"], …]   a is to b as c is to d
/// Throws Error with the grammar's file and key where it names a class or an attribute that it does
/// not have.
base::Json geometry_questions(const Grammar& grammar);

}  // namespace qkv::world
