#include "text/tokenizer/unknown_words.h"

#include <algorithm>

#include "base/format.h"
#include "base/log.h"
#include "base/utf8.h"

namespace qkv::text {
namespace {

constexpr std::size_t kLongestWord = 256;  // bytes
constexpr std::size_t kNamed = 8;

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/// Whether a character is always spelled in bytes or is meaningless to a reader.
bool is_no_word(char32_t code) {
  constexpr char32_t kSpaceMark = 0x2581;
  constexpr char32_t kUnknownMark = 0x2585;
  return base::kind_of(code) == base::CharacterKind::kSpace || base::is_control(code) ||
         code == kSpaceMark || code == kUnknownMark;
}

/// The words in a text that was spelled in bytes, and each other character separately.
std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (std::size_t offset = 0; offset < text.size();) {
    const auto character = base::decode_utf8(text, offset);
    const std::size_t size = character ? character->size : 1;
    const bool shown = character && !is_no_word(character->code);
    const bool is_letter = shown && base::kind_of(character->code) == base::CharacterKind::kWord;
    if (shown) {
      if (!in_word || !is_letter) words.emplace_back();
      words.back() += text.substr(offset, size);
    }
    in_word = is_letter;
    offset += size;
  }
  return words;
}

}  // namespace

std::optional<unsigned char> byte_of_piece(const Tokenizer& tokenizer, std::int32_t id) {
  if (tokenizer.is_special(id)) return std::nullopt;
  const std::string& piece = tokenizer.piece(id);
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return std::nullopt;
  const int high = hex_digit(piece[3]);
  const int low = hex_digit(piece[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned char>(16 * high + low);
}

UnknownWords::UnknownWords(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (const auto byte = byte_of_piece(tokenizer, id)) bytes_[id] = static_cast<char>(*byte);
  }
}

void UnknownWords::add(std::string_view text) {
  for (const std::int32_t id : tokenizer_.encode(text)) add(id);
  end_text();
}

void UnknownWords::add(std::int32_t id) {
  const auto byte = bytes_.find(id);
  if (byte == bytes_.end()) return end_word();
  if (pending_.size() >= kLongestWord && !base::continues_character(byte->second)) end_word();
  pending_ += byte->second;
}

void UnknownWords::end_text() { end_word(); }

void UnknownWords::end_word() {
  if (pending_.empty()) return;
  for (std::string& word : words_in(pending_)) {
    if (words_.size() < kMost && known_.insert(word).second) words_.push_back(std::move(word));
  }
  pending_.clear();
}

void UnknownWords::warn(const std::string& name) const {
  if (words_.empty()) return;
  std::string list;
  const std::size_t named = std::min(words_.size(), kNamed);
  for (std::size_t index = 0; index < named; ++index)
    list += base::concat(index == 0 ? "" : ", ", base::quoted(words_[index]));
  if (words_.size() == kMost) {
    list += base::concat(" and at least ", base::with_commas(kMost - named), " others");
  } else if (words_.size() > named) {
    list += base::concat(" and ", base::with_commas(words_.size() - named), " others");
  }
  base::log::warning(base::concat(name, ": the tokenizer does not know ", list,
                                  "; it spells them in bytes, about which the model has learned "
                                  "little or nothing"));
}

}  // namespace qkv::text
