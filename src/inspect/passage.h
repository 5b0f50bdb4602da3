#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace qkv::inspect {

/// A text as a model reads it: what it was trained on decides which specials stand around it.
///   stream           the text alone
///   lines, causal    `<s> text`
///   lines, masked    `<s> text </s>`
/// For layout `lines` a newline at the end is not part of the text. For a masked model `<mask>` in
/// the text is the mask piece, which takes the place of a whole word: of the space before it too.
struct Passage {
  std::string text;
  std::vector<text::Token> tokens;
};

/// Reads a text; `name` stands in messages. Throws Error where it is empty, not UTF-8, or has more
/// tokens than the model's context. Warns of what is odd in it (text/prompt.h) and of the words
/// that the tokenizer does not know.
Passage read_passage(const checkpoint::Checkpoint& checkpoint, std::string text,
                     const std::string& name);

/// The same without a warning, for the one of many texts.
Passage encode_passage(const checkpoint::Checkpoint& checkpoint, std::string text,
                       const std::string& name);

/// The text that token `index` stands for; U+FFFD where it is not whole UTF-8, empty for specials.
std::string token_text(const Passage& passage, std::size_t index);

/// What names the token to a person: its text with white space made visible; the piece for specials
/// and for bytes that are no whole character.
std::string token_label(const Passage& passage, const text::Tokenizer& tokenizer,
                        std::size_t index);
std::vector<std::string> token_labels(const Passage& passage, const text::Tokenizer& tokenizer);

}  // namespace qkv::inspect
