#pragma once

#include "base/json.h"
#include "world/grammar.h"

namespace qkv {

/// The questions that the places of words in space answer, as the grammar's facts decide them:
///   neighbours  [{"word", "alike": […], "unlike": […]}]  words of its class, and of all others
///   clusters    {"animal": ["cat", …], …}
///   analogies   [["man", "king", "woman", "queen"], …]   a is to b as c is to d
Json geometry_questions(const Grammar& grammar);

}  // namespace qkv
