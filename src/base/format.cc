#include "base/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/utf8.h"

namespace qkv::base {

std::string general(double value) {
  if (std::isnan(value)) return "nan";
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%g", value);
  return buffer.data();
}

std::string fixed(double value, int decimals) {
  if (std::isnan(value)) return "nan";
  std::array<char, 512> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return buffer.data();
}

std::string shortest(double value) {
  if (std::isnan(value)) return "nan";
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

std::string escaped(char32_t control) {
  if (control == '\n') return "\\n";
  if (control == '\t') return "\\t";
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), control <= 0xFF ? "\\x%02X" : "\\u{%X}",
                static_cast<unsigned>(control));
  return out.data();
}

std::string printable(std::string_view text) {
  const std::string valid = replace_invalid_utf8(text);
  std::string out;
  for (std::size_t offset = 0; offset < valid.size();) {
    const auto [code, size] = *decode_utf8(valid, offset);
    out += is_control(code) ? escaped(code) : valid.substr(offset, size);
    offset += size;
  }
  return out;
}

std::string cut_short(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && continues_character(text[limit])) --limit;
  return concat(text.substr(0, limit), "…");
}

std::string quoted(std::string_view text, std::size_t limit) {
  constexpr std::size_t kMost = 200;  // a message is read by a person
  std::string marked;
  for (const char c : cut_short(text, std::min(limit, kMost))) {
    if (c == '"' || c == '\\') marked += '\\';
    marked += c;
  }
  return concat('"', printable(marked), '"');
}

}  // namespace qkv::base
