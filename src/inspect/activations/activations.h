#pragma once

#include <filesystem>
#include <string>

#include "checkpoint/checkpoint.h"

namespace qkv::inspect {

/// What is to be kept of a data set.
struct ActivationRequest {
  std::filesystem::path texts;  ///< JSON Lines: an object with a text under "text" on each line
  std::string pattern;  ///< of the names of taps: * and ? as in names of files, within a part
  std::filesystem::path out;
};

/// Runs a model over each text, and writes the values of the taps whose names match the pattern as
/// safetensors, with the tokens of all texts in one axis (docs/taps.md): [tokens, width], and
/// [tokens, heads, head_width] of heads. Besides: ids, text_index (which line that is not blank,
/// from 0), offsets [tokens, 2] (bytes of the text) and, of a causal model, losses (nats of the
/// next token; NaN at the last one of a text). Writes a list of all pieces, vocab.json, beside it.
/// Takes memory for a few texts at a time and for the tokens' ids. No byte depends on the number of
/// threads. Throws Error before anything is written if a line has no text or too long a one,
/// nothing matches, a value that matches has no row for each token (attention maps), or a file
/// would replace one that is read. Returns what is to be printed.
std::string write_activations(const checkpoint::Checkpoint& checkpoint,
                              const ActivationRequest& request, int threads);

}  // namespace qkv::inspect
