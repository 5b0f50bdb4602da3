#pragma once

#include <string>

namespace qkv::render {

/// The text with what has no picture of its own made visible: control characters by name
/// (\r, \e, \x0b), other invisible or direction-changing ones as U+XXXX, bytes that are not UTF-8
/// as U+FFFD. Spaces stay. At most `limit` characters, the last then being "…".
std::string printable(const std::string& text, std::size_t limit = 256);

}  // namespace qkv::render
