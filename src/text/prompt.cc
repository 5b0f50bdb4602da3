#include "text/prompt.h"

#include "base/format.h"
#include "base/log.h"
#include "base/utf8.h"
#include "text/tokenizer/unknown_words.h"

namespace qkv::text {

std::string without_line_end(std::string text, spec::TextLayout layout) {
  if (layout != spec::TextLayout::kLines || !text.ends_with('\n')) return text;
  text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::string given_text(std::string text, spec::TextLayout layout, const std::string& name) {
  base::require_utf8(text, name);
  text = without_line_end(std::move(text), layout);
  warn_of_lines(text, layout, name);
  warn_of_nul(text, name);
  return text;
}

std::string given_prompt(std::string text, const Tokenizer& tokenizer, spec::TextLayout layout,
                         const std::string& name) {
  text = given_text(std::move(text), layout, name);
  warn_of_final_space(text, tokenizer, name);
  UnknownWords unknown(tokenizer);
  unknown.add(text);
  unknown.warn(name);
  return text;
}

void warn_of_lines(std::string_view text, spec::TextLayout layout, const std::string& name) {
  if (layout != spec::TextLayout::kLines || text.find('\n') == std::string_view::npos) return;
  base::log::warning(name +
                     ": found several lines; this model was trained on documents of one line each");
}

void warn_of_final_space(std::string_view text, const Tokenizer& tokenizer,
                         const std::string& name) {
  if (tokenizer.kind() == spec::TokenizerKind::kChar || !text.ends_with(' ')) return;
  base::log::warning(
      name +
      ": ends in a space; this model reads a space as the beginning of the word after it, "
      "so it does not expect a word next and its continuation may be odd");
}

bool warn_of_nul(std::string_view text, const std::string& name, std::uint64_t begin) {
  const std::size_t offset = text.find('\0');
  if (offset == std::string_view::npos) return false;
  base::log::warning(base::concat(name, ": found a NUL byte at byte ", begin + offset,
                                  "; if the text is UTF-16, convert it to UTF-8"));
  return true;
}

}  // namespace qkv::text
