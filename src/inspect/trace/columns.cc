#include "inspect/trace/columns.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "base/format.h"
#include "base/utf8.h"

namespace qkv::inspect {
namespace {

std::string padding(const std::string& text, std::size_t width) {
  const std::size_t shown = base::display_width(text);
  return std::string(shown < width ? width - shown : 0, ' ');
}

}  // namespace

std::string number_text(double value) {
  // Larger numbers round to ten columns.
  constexpr double kFitsFourDecimals = 999.99995;
  constexpr double kFitsTwoDecimals = 99999.995;
  if (std::abs(value) < kFitsFourDecimals) {
    const std::string text = base::fixed(value, 4);
    return text == "-0.0000" ? "0.0000" : text;
  }
  if (std::abs(value) < kFitsTwoDecimals) return base::fixed(value, 2);
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.2e", value);
  return buffer.data();
}

std::string signed_text(double value, int decimals) {
  const std::string digits = base::fixed(std::abs(value), decimals);
  return (value < 0 && digits != base::fixed(0, decimals) ? "−" : "") + digits;
}

std::string right_aligned(const std::string& text, std::size_t width) {
  return padding(text, width) + text;
}

std::string left_aligned(const std::string& text, std::size_t width) {
  return text + padding(text, width);
}

std::string clipped(const std::string& text, std::size_t width) {
  if (base::display_width(text) <= width) return text;
  std::string out;
  for (std::size_t offset = 0; offset < text.size();) {
    const auto character = base::decode_utf8(text, offset);
    const std::string next = out + text.substr(offset, character ? character->size : 1);
    if (base::display_width(next) >= width) break;
    offset += next.size() - out.size();
    out = next;
  }
  return out + "…";
}

}  // namespace qkv::inspect
