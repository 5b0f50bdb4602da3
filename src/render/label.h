#pragma once

#include <string>

namespace qkv::render {

/// The text with invisible characters made visible: control characters by name (\r, \e, \x0b),
/// other invisible or direction-changing ones as U+XXXX, bytes that are not UTF-8 as U+FFFD. Spaces
/// stay. A text of more than `limit` characters is cut to this length and ends in "…".
std::string printable(const std::string& text, std::size_t limit = 256);

/// The text as a label shows it: a newline as ⏎, each space (or SentencePiece's mark ▁) as ·, a tab
/// as ⇥, everything else as printable() does, an empty text as ∅. Applying it twice changes nothing
/// more. draw_heatmap applies it to every label.
std::string visible_label(const std::string& text);

}  // namespace qkv::render
