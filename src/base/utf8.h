#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qkv::base {

/// One decoded character: its code point and its length in bytes (1 to 4).
struct Character {
  char32_t code = 0;
  std::size_t size = 0;
};

/// The character at `offset`; nothing if the bytes there are not valid UTF-8 (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF). REQUIRES offset < text.size().
std::optional<Character> decode_utf8(std::string_view text, std::size_t offset);

/// Whether this byte is not the first one of its character.
inline bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Whether a text that holds this character does more than show it: the C0 and C1 controls and DEL,
/// which terminals obey (U+009B begins a command as ESC [ does); U+2028 and U+2029, at which some
/// readers end a line; the bidirectional embeddings, overrides and isolates (U+202A to U+202E,
/// U+2066 to U+2069), which show the text after them in another order. The marks U+200E, U+200F and
/// U+061C are none: they change no order but their neighbours', and good text holds them.
constexpr bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

/// The byte offset of the first byte that is not valid UTF-8, or nothing.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// Throws Error "NAME: not UTF-8 at byte N: found 0x.., expected …" unless the text is valid. N
/// counts from `begin`, the text's offset in a longer one.
void require_utf8(std::string_view text, const std::string& name, std::uint64_t begin = 0);

/// Throws Error "NAME: found …, expected no control characters" unless the text is one line that is
/// safe on a terminal.
void require_printable(std::string_view text, const std::string& name);

/// The role of a character in splitting words: white space, punctuation or symbol, or part of a
/// word.
enum class CharacterKind { kWord, kSpace, kPunctuation };
CharacterKind kind_of(char32_t code);

/// The number of columns that a text takes in a terminal (wide and combining characters included).
std::size_t display_width(std::string_view text);

/// The text with each run of bytes that is not valid UTF-8 replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace qkv::base
