#include "text/tokenizer/pieces.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Prefix {
  std::size_t found = 0;   ///< bytes that can begin a character
  std::size_t needed = 1;  ///< length of this character in bytes
};

// The Unicode standard's table of well-formed UTF-8 (table 3-7): only the second byte's range
// depends on the first byte.
Prefix prefix_at(std::string_view text, std::size_t offset) {
  const auto first = static_cast<unsigned char>(text[offset]);
  if (first < 0x80) return {1, 1};
  if (first < 0xC2 || first > 0xF4) return {0, 1};
  Prefix prefix{1, first < 0xE0 ? 2U : first < 0xF0 ? 3U : 4U};
  unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  while (prefix.found < prefix.needed && offset + prefix.found < text.size()) {
    const auto byte = static_cast<unsigned char>(text[offset + prefix.found]);
    if (byte < low || byte > high) break;
    low = 0x80;
    high = 0xBF;
    ++prefix.found;
  }
  return prefix;
}

}  // namespace

struct Decoder::State {
  std::shared_ptr<const Pieces> pieces;
  bool at_line_start = true;
  std::string pending;  ///< the first bytes of a character
};

Decoder::Decoder(const Tokenizer& tokenizer) : state_(std::make_unique<State>()) {
  state_->pieces = tokenizer.pieces_;
}

Decoder::~Decoder() = default;

std::string Decoder::add(std::int32_t id) {
  std::string& pending = state_->pending;
  std::string out;
  if (state_->pieces->is_special(id)) out = finish();
  state_->pieces->append_text(id, state_->at_line_start, pending);
  std::size_t offset = 0;
  while (offset < pending.size()) {
    const Prefix prefix = prefix_at(pending, offset);
    if (prefix.found == prefix.needed) {
      out.append(pending, offset, prefix.needed);
    } else if (prefix.found > 0 && offset + prefix.found == pending.size()) {
      break;
    } else {
      out += kReplacement;
    }
    offset += prefix.found > 0 ? prefix.found : 1;
  }
  pending.erase(0, offset);
  return out;
}

std::string Decoder::finish() {
  const bool incomplete = !state_->pending.empty();
  state_->pending.clear();
  return incomplete ? std::string(kReplacement) : std::string();
}

}  // namespace qkv::text
