#pragma once

#include <string>

namespace qkv::render {

/// The text with invisible characters made visible: control characters by name (\r, \e, \x0b),
/// other invisible or direction-changing ones as U+XXXX, bytes that are not UTF-8 as U+FFFD. Spaces
/// stay. A text of more than `limit` characters is cut to this length and ends in "…".
std::string printable(const std::string& text, std::size_t limit = 256);

}  // namespace qkv::render
