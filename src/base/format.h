#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

namespace qkv::base {

/// A number as by operator<<: printf's %g.
std::string general(double value);

/// The parts, written one after the other as by operator<<, except that what is not a number has no
/// sign: which one it has depends on the processor. This is true for all functions here.
template <typename... Parts>
std::string concat(const Parts&... parts) {
  std::string text;
  const auto write = [&](const auto& part) {
    using Part = std::decay_t<decltype(part)>;
    if constexpr (std::is_convertible_v<Part, std::string_view>) {
      text += std::string_view(part);
    } else if constexpr (std::is_same_v<Part, char>) {
      text += part;
    } else if constexpr (std::is_floating_point_v<Part>) {
      text += general(static_cast<double>(part));
    } else if constexpr (std::is_integral_v<Part> && sizeof(Part) > 1) {
      text += std::to_string(part);
    } else {
      std::ostringstream out;  // adds half a megabyte to a WebAssembly module
      out << part;
      text += out.str();
    }
  };
  (write(parts), ...);
  return text;
}

/// `value` with `decimals` digits after the point, as printf's %.*f.
std::string fixed(double value, int decimals);

/// The shortest decimal text that reads back as exactly `value`.
std::string shortest(double value);

/// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t value);

/// Bytes as "1.5 MB" (powers of 1000).
std::string human_bytes(double bytes);

/// Seconds as "850 ms", "12.3 s", "3 min 05 s" or "2 h 03 min".
std::string human_seconds(double seconds);

/// A control character in the form in which messages show it: \n, \t, \x1B (up to U+00FF) or
/// \u{202E}.
std::string escaped(char32_t control);

/// One line that is safe on a terminal: control characters are escaped, and invalid UTF-8 becomes
/// U+FFFD.
std::string printable(std::string_view text);

/// The text, or its first `limit` bytes, up to a whole character, and "…".
std::string cut_short(std::string_view text, std::size_t limit);

/// A text in quotation marks for a message: as printable() shows it, shortened at a whole character
/// to `limit` bytes, but to at most 200.
std::string quoted(std::string_view text, std::size_t limit = 60);
// Without these, a std::string or a literal would find std::quoted, which escapes and shortens
// nothing.
inline std::string quoted(const std::string& text) { return quoted(std::string_view(text)); }
inline std::string quoted(std::string& text) { return quoted(std::string_view(text)); }
inline std::string quoted(const char* text) { return quoted(std::string_view(text)); }

}  // namespace qkv::base
