#pragma once

#include <cstddef>
#include <string>

namespace qkv::inspect {

/// The number of columns for printed arithmetic.
constexpr std::size_t kPageWidth = 100;

/// A number in at most 9 columns: four decimals, but fewer or an exponent if it is large.
std::string number_text(double value);

/// A number with so many decimals and a minus sign, but never a negative zero: "−0.25".
std::string signed_text(double value, int decimals);

/// Padded with spaces to `width` columns: on the left, so that it is right-aligned; on the right.
std::string right_aligned(const std::string& text, std::size_t width);
std::string left_aligned(const std::string& text, std::size_t width);

/// Cut to at most `width` columns, the last of which is "…" if something is missing.
std::string clipped(const std::string& text, std::size_t width);

}  // namespace qkv::inspect
