#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/array.h"
#include "base/span.h"
#include "checkpoint/checkpoint.h"
#include "engine/model.h"

namespace qkv::inspect {

/// A word in the input of a model.
struct PlacedWord {
  std::vector<std::int32_t> ids;     ///< the whole input
  std::vector<std::int64_t> tokens;  ///< the indices of the word's own tokens; at least one
};

/// The word at these bytes of a text, as a model reads it. `name` names the text in messages.
/// Throws Error as encode_passage does, or if no token is there.
PlacedWord place_word(const checkpoint::Checkpoint& checkpoint, const std::string& text,
                      const base::Span& span, const std::string& name);

/// The vector of each word in its context at each depth, [layers + 1, width]. Depth 0 is the input
/// of the first layer (the embedding, plus its position if one is added), followed by the output of
/// each layer. The vector of a word with several tokens is their mean. Shows progress unless
/// `label` is empty. Throws Error as a reader does.
std::vector<base::ArrayOf<double>> context_vectors(const engine::Model& model,
                                                   const std::vector<PlacedWord>& words,
                                                   int threads, const std::string& label = "");

}  // namespace qkv::inspect
