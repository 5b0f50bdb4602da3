#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "text/tokenizer.h"

namespace qkv::inspect {

/// Whether a piece was learned from text: neither a special nor one of the 256 bytes.
bool is_learned(const text::Tokenizer& tokenizer, std::int32_t id);

/// What a piece stands for inside a line: " cat" for "▁cat", nothing for specials.
std::string piece_text(const text::Tokenizer& tokenizer, std::int32_t id);

/// The piece as a word to read: without the space before it, white space made visible; a byte that
/// is no character by itself, and a special, by its name.
std::string piece_word(const text::Tokenizer& tokenizer, std::int32_t id);

/// The learned piece that a word is inside a line, behind a space; nothing where it is not one.
/// Throws Error where the word is not UTF-8.
std::optional<std::int32_t> piece_in_line(const text::Tokenizer& tokenizer,
                                          const std::string& word);

/// The piece that is exactly this word, as it stands at the start of a line or inside one. Throws
/// Error where there is none, with the pieces that spell it; `name` stands in the message.
std::int32_t find_piece(const text::Tokenizer& tokenizer, const std::string& word,
                        const std::string& name);

}  // namespace qkv::inspect
