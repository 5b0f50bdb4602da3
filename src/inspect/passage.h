#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace qkv::inspect {

/// A text as a model reads it. The training layout decides which specials are added:
///   stream           the text alone
///   lines, causal    `<s> text`
///   lines, masked    `<s> text </s>`
/// For layout `lines`, a newline at the end is not part of the text. For a masked model, `<mask>`
/// in the text is the mask piece. It replaces a whole word, including the space before it.
struct Passage {
  std::string text;
  std::vector<text::Token> tokens;
};

/// Reads a text; `name` appears in messages. Throws Error if it is empty, not UTF-8, or has more
/// tokens than the model's context. Warns of unusual content (text/prompt.h) and of words that the
/// tokenizer does not know.
Passage read_passage(const checkpoint::Checkpoint& checkpoint, std::string text,
                     const std::string& name);

/// The same without warnings, for one of many texts.
Passage encode_passage(const checkpoint::Checkpoint& checkpoint, std::string text,
                       const std::string& name);

std::vector<std::int32_t> ids_of(const Passage& passage);

/// The text of token `index`; U+FFFD if it is not complete UTF-8, empty for specials.
std::string token_text(const Passage& passage, std::size_t index);

/// The label of the token: its text with visible white space; the piece for specials and for bytes
/// that are not a whole character.
std::string token_label(const Passage& passage, const text::Tokenizer& tokenizer,
                        std::size_t index);
std::vector<std::string> token_labels(const Passage& passage, const text::Tokenizer& tokenizer);

}  // namespace qkv::inspect
