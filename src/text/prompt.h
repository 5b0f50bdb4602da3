#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/tokenizer.h"

namespace qkv::text {

/// A text that a person gives a model to read, cut to what the model was trained on: with layout
/// `lines` one line end (\n or \r\n) at the end of the text is not part of it, since files and
/// pipes end in one and no document does.
std::string without_line_end(std::string text, const std::string& layout);

/// The same, and a warning for what the person can hardly have meant: a line end inside a text for
/// layout `lines`, and NUL bytes. `name` (an option or a file) stands in messages. Throws Error
/// where the text is not UTF-8.
std::string given_text(std::string text, const std::string& layout, const std::string& name);

/// The same for a text that a model is to continue. Warns also of a space at its end and of the
/// words that the tokenizer does not know.
std::string given_prompt(std::string text, const Tokenizer& tokenizer, const std::string& layout,
                         const std::string& name);

/// Warns where a text of layout `lines` holds a line end.
void warn_of_lines(std::string_view text, const std::string& layout, const std::string& name);

/// Warns where a text that is to be continued ends in a space, which belongs to the next word. Not
/// for kind `char`, where a space is a piece by itself.
void warn_of_final_space(std::string_view text, const Tokenizer& tokenizer,
                         const std::string& name);

/// Warns where a text holds a NUL byte, as UTF-16 does, and returns whether it does. `begin` is the
/// text's place in the file.
bool warn_of_nul(std::string_view text, const std::string& name, std::uint64_t begin = 0);

}  // namespace qkv::text
