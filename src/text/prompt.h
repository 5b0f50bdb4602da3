#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/tokenizer/tokenizer.h"

namespace qkv::text {

/// A text that a person gives to a model, reduced to what the model was trained on. With layout
/// `lines`, one line end (\n or \r\n) at the end of the text is removed, since files and pipes end
/// in one but documents do not.
std::string without_line_end(std::string text, spec::TextLayout layout);

/// The same, with a warning for what is probably a mistake: a line end inside a text for layout
/// `lines`, and NUL bytes. `name` (an option or a file) appears in messages. Throws Error if the
/// text is not UTF-8.
std::string given_text(std::string text, spec::TextLayout layout, const std::string& name);

/// The same for a text that a model continues. Also warns of a space at its end and of words that
/// the tokenizer does not know.
std::string given_prompt(std::string text, const Tokenizer& tokenizer, spec::TextLayout layout,
                         const std::string& name);

/// Warns if a text of layout `lines` holds a line end.
void warn_of_lines(std::string_view text, spec::TextLayout layout, const std::string& name);

/// Warns if a text that will be continued ends in a space, which belongs to the next word. Not for
/// kind `char`, where a space is a piece of its own.
void warn_of_final_space(std::string_view text, const Tokenizer& tokenizer,
                         const std::string& name);

/// Warns if a text holds a NUL byte, as UTF-16 does, and returns whether it does. `begin` is the
/// text's offset in the file.
bool warn_of_nul(std::string_view text, const std::string& name, std::uint64_t begin = 0);

}  // namespace qkv::text
