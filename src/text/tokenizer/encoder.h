#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/tokenizer/pieces.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::text {

/// Turns text into ids and remembers how each segment was spelled, so that SentencePiece reads a
/// segment once. Not safe to share between threads; each thread makes its own.
class Encoder {
 public:
  explicit Encoder(const Tokenizer& tokenizer) : pieces_(tokenizer.pieces_) {}

  /// Calls sink(id, bytes) for each token of valid UTF-8 and returns how many bytes of `text` they
  /// cover: all if `last`, otherwise up to where a segment might continue after the end (less than
  /// Segmenter::kReach before it). Only the last text may end inside a character.
  template <typename Sink>
  std::size_t encode(std::string_view text, bool at_line_start, bool last, Sink&& sink) {
    Segmenter segmenter(text, pieces_->rule(), at_line_start);
    Segment segment;
    while (last || segmenter.offset() + Segmenter::kReach <= text.size()) {
      if (!segmenter.next(segment)) break;
      // The added space has no width in the text.
      std::uint32_t added = segment.added_space ? 1 : 0;
      for (const Piece piece : spelling(segment)) {
        sink(piece.id, piece.size - added);
        added = 0;
      }
    }
    return segmenter.offset();
  }

 private:
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t count = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  std::span<const Piece> spelling(const Segment& segment);
  Range remember(std::string_view text, bool reserved);

  std::shared_ptr<const Pieces> pieces_;
  std::unordered_map<std::string, Range, Hash, std::equal_to<>> known_;
  std::array<Range, 128>
      known_bytes_{};  ///< segments of one ASCII character; count 0: not seen yet
  std::vector<Piece> spelled_;
  std::string padded_;
};

}  // namespace qkv::text
