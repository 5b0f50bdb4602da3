#pragma once

#include <cstddef>
#include <string_view>

#include "spec/text.h"

namespace qkv::text {

/// A part of a text that is spelled in pieces independently: no piece crosses its ends.
struct Segment {
  std::string_view text;     ///< its bytes; empty if it is only an added space
  bool added_space = false;  ///< a zero-width space precedes it (a line start)
  bool reserved = false;     ///< a character that SentencePiece must not read
};

/// Cuts valid UTF-8 into consecutive segments. By words: a word with at most one space directly
/// before it and at most kLongest of its characters; otherwise a single character. If a line begins
/// with a word or a space, a zero-width space is added before it, so that a word is the same piece
/// everywhere. By characters: each character alone, nothing added.
class Segmenter {
 public:
  static constexpr std::size_t kLongest = 64;
  /// No segment depends on more bytes than these.
  static constexpr std::size_t kReach = 4 * (kLongest + 2);

  enum class Rule { kCharacters, kWords };

  Segmenter(std::string_view text, Rule rule, bool at_line_start)
      : text_(text), rule_(rule), at_line_start_(at_line_start && rule == Rule::kWords) {}

  /// False at the end of the text.
  bool next(Segment& segment);
  /// The number of bytes in the segments so far.
  std::size_t offset() const { return offset_; }

 private:
  std::size_t end_of_word(std::size_t begin) const;

  std::string_view text_;
  Rule rule_;
  bool at_line_start_;
  std::size_t offset_ = 0;
};

/// How texts are cut for a kind of tokenizer.
Segmenter::Rule rule_of(spec::TokenizerKind kind);

}  // namespace qkv::text
