#pragma once

#include <vector>

#include "base/random.h"
#include "world/geometry_file.h"
#include "world/grammar.h"

namespace qkv::world {

/// For each ambiguous word that the grammar's "geometry.senses" selects, the requested number of
/// different sentences in each sense. They are a family's probes up to the cue: the words that
/// determine the sense are before the word, among sentences about other words, and nothing follows
/// the word. Throws Error if the grammar's names do not fit each other, a word has only one sense,
/// or there are too few sentences.
std::vector<SenseSentence> sense_sentences(const Grammar& grammar, base::RandomStream& random);

}  // namespace qkv::world
