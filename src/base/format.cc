#include "base/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/utf8.h"

namespace qkv::base {
namespace {

void append_printable(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (byte < 0x20 || byte == 0x7F) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    out += "\\x";
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
  } else {
    out += c;
  }
}

}  // namespace

std::string fixed(double value, int decimals) {
  std::array<char, 512> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return buffer.data();
}

std::string shortest(double value) {
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::string with_commas(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (int place = static_cast<int>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(static_cast<std::size_t>(place), ",");
  }
  return digits;
}

std::string human_bytes(double bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return fixed(bytes, unit == 0 || bytes >= 100 ? 0 : 1) + " " + kUnits[unit];
}

std::string human_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 1) return fixed(seconds * 1000, 0) + " ms";
  if (seconds < 60) return fixed(seconds, 1) + " s";
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  const bool hours = whole >= 3600;
  const std::uint64_t small = hours ? whole % 3600 / 60 : whole % 60;
  return concat(hours ? whole / 3600 : whole / 60, hours ? " h " : " min ", small < 10 ? "0" : "",
                small, hours ? " min" : " s");
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : replace_invalid_utf8(text)) append_printable(out, c);
  return out;
}

std::string quoted(std::string_view text, std::size_t limit) {
  constexpr std::size_t kMost = 200;  // a message is read by a person
  limit = std::min(limit, kMost);
  std::string out = "\"";
  const bool cut = text.size() > limit;
  if (cut) {
    while (limit > 0 && continues_character(text[limit])) --limit;
    text = text.substr(0, limit);
  }
  for (const char c : replace_invalid_utf8(text)) {
    if (c == '"' || c == '\\') out += '\\';
    append_printable(out, c);
  }
  return out + (cut ? "…\"" : "\"");
}

}  // namespace qkv::base
