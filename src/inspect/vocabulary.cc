#include "inspect/vocabulary.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"
#include "render/label.h"
#include "text/tokenizer/unknown_words.h"

namespace qkv::inspect {

bool is_learned(const text::Tokenizer& tokenizer, std::int32_t id) {
  return !tokenizer.is_special(id) && !text::byte_of_piece(tokenizer, id);
}

std::string piece_text(const text::Tokenizer& tokenizer, std::int32_t id) {
  return tokenizer.decode(std::array{id}, text::Tokenizer::Place::kInLine);
}

std::string piece_word(const text::Tokenizer& tokenizer, std::int32_t id) {
  std::string text = piece_text(tokenizer, id);
  if (text.empty() || base::find_invalid_utf8(text)) return tokenizer.piece(id);
  if (text.size() > 1 && text.starts_with(' ')) text.erase(0, 1);
  return render::visible_label(text);
}

std::optional<std::int32_t> piece_in_line(const text::Tokenizer& tokenizer,
                                          const std::string& word) {
  const std::vector<std::int32_t> ids =
      tokenizer.encode(" " + word, text::Tokenizer::Place::kInLine);
  if (ids.size() != 1 || !is_learned(tokenizer, ids[0])) return std::nullopt;
  return ids[0];
}

std::int32_t find_piece(const text::Tokenizer& tokenizer, const std::string& word,
                        const std::string& name) {
  base::require_utf8(word, name);
  if (word.empty()) throw base::Error(name + ": found an empty word, expected one");
  std::vector<std::int32_t> spelling;
  for (const auto place : {text::Tokenizer::Place::kLineStart, text::Tokenizer::Place::kInLine}) {
    const std::vector<std::int32_t> ids = tokenizer.encode(word, place);
    if (ids.size() == 1 && is_learned(tokenizer, ids[0])) return ids[0];
    if (spelling.empty()) spelling = ids;
  }
  std::string pieces;
  constexpr std::size_t kShown = 8;
  for (std::size_t index = 0; index < std::min(spelling.size(), kShown); ++index) {
    pieces += base::concat(" ", base::quoted(tokenizer.piece(spelling[index])));
  }
  if (spelling.size() > kShown) pieces += " …";
  throw base::Error(base::concat(name, ": found ", base::quoted(word),
                                 ", which this tokenizer spells", pieces,
                                 ", expected a word that is one learned piece"));
}

}  // namespace qkv::inspect
