#pragma once

#include <sentencepiece_processor.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/text.h"
#include "text/tokenizer/segments.h"

namespace qkv::text {

/// A piece of a segment, and how many of the segment's bytes it represents.
struct Piece {
  std::int32_t id = 0;
  std::uint32_t size = 0;
};

/// A SentencePiece model and its tables: everything of a tokenizer that does not change. This
/// class, not SentencePiece, ensures that decoding returns the original text: a spelling that does
/// not give exactly its segment is replaced by byte pieces.
class Pieces {
 public:
  /// Throws Error as Tokenizer::from_bytes does.
  Pieces(std::string bytes, spec::TokenizerKind kind, const std::string& name);

  spec::TokenizerKind kind() const { return kind_; }
  const std::string& bytes() const { return bytes_; }
  const std::string& hash() const { return hash_; }
  std::int64_t size() const { return static_cast<std::int64_t>(names_.size()); }
  /// Throws Error if `id` is not in the vocabulary.
  const std::string& name(std::int32_t id) const;
  bool is_special(std::int32_t id) const;
  Segmenter::Rule rule() const { return rule_; }

  /// The pieces of a segment (any added space is a real one here): the sum of their sizes is its
  /// size.
  std::vector<Piece> spell(std::string_view segment, bool reserved) const;

  /// Appends the text of `id` to `out`, without the space that was added at a line start;
  /// `at_line_start` is carried from piece to piece.
  void append_text(std::int32_t id, bool& at_line_start, std::string& out) const;

 private:
  void read_pieces(const std::string& name);
  std::vector<Piece> spell_in_bytes(std::string_view segment, bool reserved) const;

  sentencepiece::SentencePieceProcessor processor_;
  spec::TokenizerKind kind_;
  Segmenter::Rule rule_;
  std::string bytes_;
  std::string hash_;
  std::vector<std::string> names_;
  std::vector<std::string> texts_;  ///< the text of each piece; empty for specials
  std::array<std::int32_t, 256> byte_ids_{};
  std::int32_t space_id_ = -1;  ///< the piece of a single space, if there is one
};

}  // namespace qkv::text
