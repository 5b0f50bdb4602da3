#pragma once

#include <vector>

#include "base/random.h"
#include "world/geometry_file.h"
#include "world/grammar.h"

namespace qkv::world {

/// For each word of several senses that the grammar's "geometry.senses" names, so many different
/// sentences in each sense. They are a family's, as a probe tells and asks them, up to the cue:
/// what tells the sense stands before the word, between sentences about other words, and nothing
/// behind gives it away. Throws Error where the grammar's names do not fit each other, a word has a
/// single sense, or there are too few sentences.
std::vector<SenseSentence> sense_sentences(const Grammar& grammar, base::RandomStream& random);

}  // namespace qkv::world
