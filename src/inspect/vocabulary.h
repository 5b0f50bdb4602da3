#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "text/tokenizer/tokenizer.h"

namespace qkv::inspect {

/// Whether a piece was learned from text: neither a special nor one of the 256 bytes.
bool is_learned(const text::Tokenizer& tokenizer, std::int32_t id);

/// The text of a piece inside a line: " cat" for "▁cat", nothing for specials.
std::string piece_text(const text::Tokenizer& tokenizer, std::int32_t id);

/// The piece as a readable word: without the space before it, with visible white space; specials,
/// and bytes that are not a character, by name.
std::string piece_word(const text::Tokenizer& tokenizer, std::int32_t id);

/// The learned piece that equals a word inside a line, after a space; nothing if there is none.
/// Throws Error if the word is not UTF-8.
std::optional<std::int32_t> piece_in_line(const text::Tokenizer& tokenizer,
                                          const std::string& word);

/// The piece that is exactly this word, at the start of a line or inside one. Throws Error if there
/// is none, with the pieces that spell it; `name` appears in the message.
std::int32_t find_piece(const text::Tokenizer& tokenizer, const std::string& word,
                        const std::string& name);

}  // namespace qkv::inspect
