#include "base/utf8.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/format.h"

namespace qkv::base {

std::optional<Character> decode_utf8(std::string_view text, std::size_t offset) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + offset;
  utf8proc_int32_t code = 0;
  const auto left = static_cast<utf8proc_ssize_t>(std::min<std::size_t>(4, text.size() - offset));
  const utf8proc_ssize_t size = utf8proc_iterate(bytes, left, &code);
  if (size <= 0) return std::nullopt;
  return Character{static_cast<char32_t>(code), static_cast<std::size_t>(size)};
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    if (static_cast<unsigned char>(text[offset]) < 0x80) {
      ++offset;
      continue;
    }
    const auto character = decode_utf8(text, offset);
    if (!character) return offset;
    offset += character->size;
  }
  return std::nullopt;
}

void require_utf8(std::string_view text, const std::string& name, std::uint64_t begin) {
  if (const auto offset = find_invalid_utf8(text)) {
    char found[8];
    std::snprintf(found, sizeof found, "0x%02X", static_cast<unsigned char>(text[*offset]));
    throw Error(concat(name, ": not UTF-8 at byte ", begin + *offset, ": found ", found,
                       ", expected a valid UTF-8 sequence"));
  }
}

void require_printable(std::string_view text, const std::string& name) {
  if (printable(text) != text)
    throw Error(concat(name, ": found ", quoted(text), ", expected no control characters"));
}

CharacterKind kind_of(char32_t code) {
  if (code < 0x80) {
    if (code == ' ' || (code >= '\t' && code <= '\r')) return CharacterKind::kSpace;
    const bool word = (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
                      (code >= 'a' && code <= 'z') || is_control(code);
    return word ? CharacterKind::kWord : CharacterKind::kPunctuation;
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return CharacterKind::kSpace;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO:
      return CharacterKind::kPunctuation;
    default:
      return CharacterKind::kWord;
  }
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t offset = 0; offset < text.size();) {
    const auto character = decode_utf8(text, offset);
    width += character ? static_cast<std::size_t>(std::max(
                             0, utf8proc_charwidth(static_cast<utf8proc_int32_t>(character->code))))
                       : 1;
    offset += character ? character->size : 1;
  }
  return width;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  bool in_run = false;
  for (std::size_t offset = 0; offset < text.size();) {
    const auto character = decode_utf8(text, offset);
    if (character) {
      out += text.substr(offset, character->size);
    } else if (!in_run) {
      out += "\xEF\xBF\xBD";
    }
    in_run = !character;
    offset += character ? character->size : 1;
  }
  return out;
}

}  // namespace qkv::base
