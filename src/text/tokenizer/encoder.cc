#include "text/tokenizer/encoder.h"

namespace qkv::text {
namespace {

constexpr std::size_t kMostRemembered = std::size_t{1} << 20U;

}  // namespace

Encoder::Range Encoder::remember(std::string_view text, bool reserved) {
  const std::vector<Piece> pieces = pieces_->spell(text, reserved);
  const Range range{static_cast<std::uint32_t>(spelled_.size()),
                    static_cast<std::uint32_t>(pieces.size())};
  spelled_.insert(spelled_.end(), pieces.begin(), pieces.end());
  return range;
}

std::span<const Piece> Encoder::spelling(const Segment& segment) {
  std::string_view text = segment.text;
  if (segment.added_space) {
    padded_.assign(1, ' ').append(text);
    text = padded_;
  }
  Range range;
  if (text.size() == 1 && static_cast<unsigned char>(text[0]) < known_bytes_.size()) {
    Range& known = known_bytes_[static_cast<unsigned char>(text[0])];
    if (known.count == 0) known = remember(text, segment.reserved);
    range = known;
  } else if (const auto found = known_.find(text); found != known_.end()) {
    range = found->second;
  } else {
    if (known_.size() >= kMostRemembered) {
      known_.clear();
      known_bytes_.fill({});
      spelled_.clear();
    }
    range = remember(text, segment.reserved);
    known_.emplace(text, range);
  }
  return std::span<const Piece>(spelled_).subspan(range.begin, range.count);
}

}  // namespace qkv::text
