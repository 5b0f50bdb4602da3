#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "text/tokenizer/tokenizer.h"

namespace qkv::text {

/// The byte that a byte piece ("<0x41>") stands for; nothing for other pieces.
std::optional<unsigned char> byte_of_piece(const Tokenizer& tokenizer, std::int32_t id);

/// Collects the words (or characters) for which a tokenizer has no pieces and which it spells in
/// bytes. White space and control characters do not count. The tokenizer must outlive it.
class UnknownWords {
 public:
  explicit UnknownWords(const Tokenizer& tokenizer);

  /// A whole text, which must be UTF-8.
  void add(std::string_view text);
  /// The tokens of a text, one by one.
  void add(std::int32_t id);
  /// Ends a text that was given as tokens.
  void end_text();

  /// In the order of the text, each once; at most kMost.
  const std::vector<std::string>& words() const { return words_; }
  /// One warning that names the first words, if there are any.
  void warn(const std::string& name) const;

 private:
  static constexpr std::size_t kMost = 10000;
  void end_word();

  const Tokenizer& tokenizer_;
  std::unordered_map<std::int32_t, char> bytes_;
  std::string pending_;  ///< the bytes of the current run of byte pieces
  std::vector<std::string> words_;
  std::unordered_set<std::string> known_;
};

}  // namespace qkv::text
