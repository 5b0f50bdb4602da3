#pragma once

#include <cstddef>
#include <string_view>

namespace qkv::text {

/// A stretch of text that is spelled in pieces by itself: no piece reaches beyond it.
struct Segment {
  std::string_view text;     ///< its bytes, which may be none where a space was added
  bool added_space = false;  ///< a space of no width stands before it (a line start)
  bool reserved = false;     ///< a character that SentencePiece must not see
};

/// Cuts valid UTF-8 into segments, one after the other. By words: a word with at most one space
/// directly before it, at most kLongest characters of it; else a single character. A line that
/// begins with a word or a space gets a space of no width before it, so that a word is one piece
/// wherever it stands. By characters: each by itself, nothing added.
class Segmenter {
 public:
  static constexpr std::size_t kLongest = 64;
  /// No segment looks at more bytes than these.
  static constexpr std::size_t kReach = 4 * (kLongest + 2);

  enum class Rule { kCharacters, kWords };

  Segmenter(std::string_view text, Rule rule, bool at_line_start)
      : text_(text), rule_(rule), at_line_start_(at_line_start && rule == Rule::kWords) {}

  /// False at the end of the text.
  bool next(Segment& segment);
  /// Bytes of the text in segments so far.
  std::size_t offset() const { return offset_; }

 private:
  std::size_t end_of_word(std::size_t begin) const;

  std::string_view text_;
  Rule rule_;
  bool at_line_start_;
  std::size_t offset_ = 0;
};

}  // namespace qkv::text
