#include "world/words.h"

#include <utility>

#include "base/utf8.h"

namespace qkv::world {

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  bool in_word = false;
  for (std::size_t place = 0; place < text.size();) {
    const base::Character character = *base::decode_utf8(text, place);
    const bool goes_on =
        std::exchange(in_word, base::kind_of(character.code) == base::CharacterKind::kWord);
    if (in_word) {
      const std::size_t before = goes_on ? words.back().size() : 0;
      if (!goes_on) words.emplace_back();
      words.back() = text.substr(place - before, before + character.size);
    }
    place += character.size;
  }
  return words;
}

std::size_t count_words(std::string_view text) { return split_words(text).size(); }

}  // namespace qkv::world
