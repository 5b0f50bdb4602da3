#include "render/label.h"

#include <cstdio>

#include "base/utf8.h"

namespace qkv::render {
namespace {

/// Control characters, and others that are invisible. The joiners and variation selectors are not
/// included: they shape emoji and several scripts.
bool is_invisible(char32_t code) {
  return base::is_control(code) || code == 0xA0 || code == 0xAD || code == 0x34F || code == 0x61C ||
         code == 0x115F || code == 0x1160 || code == 0x1680 || code == 0x180E ||
         (code >= 0x2000 && code <= 0x200B) || code == 0x200E || code == 0x200F || code == 0x202F ||
         (code >= 0x205F && code <= 0x206F) || code == 0x3000 || code == 0x3164 || code == 0xFEFF ||
         code == 0xFFA0 || (code >= 0xFFF9 && code <= 0xFFFB) ||
         (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFEU) == 0xFFFE ||
         (code >= 0xE0000 && code <= 0xE001F);
}

/// Joiners and variation selectors: invisible too if they are alone.
bool is_joiner(char32_t code) {
  return code == 0x200C || code == 0x200D || (code >= 0xFE00 && code <= 0xFE0F) ||
         (code >= 0xE0100 && code <= 0xE01EF);
}

std::string code_point(char32_t code) {
  char out[12];
  std::snprintf(out, sizeof out, "U+%04X", static_cast<unsigned>(code));
  return out;
}

/// An ASCII control character in C notation: Unicode has pictures of them, but few fonts do.
std::string control_name(char32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  if (code == 0x1B) return "\\e";
  char out[8];
  std::snprintf(out, sizeof out, "\\x%02x", static_cast<unsigned>(code));
  return out;
}

}  // namespace

std::string printable(const std::string& text, std::size_t limit) {
  // Only this many bytes can matter, so a label of a gigabyte is not decoded completely.
  const std::string whole = base::replace_invalid_utf8(text.substr(0, 4 * limit + 4));
  std::string out;
  std::size_t count = 0;
  bool only_joiners = true;
  for (std::size_t offset = 0; offset < whole.size();) {
    const base::Character character = *base::decode_utf8(whole, offset);
    if (++count == limit && offset + character.size < whole.size()) return out + "…";
    only_joiners = only_joiners && is_joiner(character.code);
    if (character.code < 0x80 && base::is_control(character.code)) {
      out += control_name(character.code);
    } else if (is_invisible(character.code)) {
      out += code_point(character.code);
    } else {
      out += whole.substr(offset, character.size);
    }
    offset += character.size;
  }
  if (!only_joiners) return out;
  std::string codes;
  for (std::size_t offset = 0; offset < whole.size();) {
    const base::Character character = *base::decode_utf8(whole, offset);
    codes += code_point(character.code);
    offset += character.size;
  }
  return codes;
}

std::string visible_label(const std::string& text) {
  if (text.empty()) return "∅";
  std::string marked;
  for (std::size_t offset = 0; offset < text.size(); ++offset) {
    if (text[offset] == '\n') {
      marked += "⏎";
    } else if (text[offset] == '\t') {
      marked += "⇥";
    } else if (text[offset] == ' ') {
      marked += "·";
    } else if (text.compare(offset, 3, "▁") == 0) {
      marked += "·";
      offset += 2;
    } else {
      marked += text[offset];
    }
  }
  return printable(marked, marked.size() + 1);
}

}  // namespace qkv::render
