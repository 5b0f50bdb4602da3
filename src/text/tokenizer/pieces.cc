#include "text/tokenizer/pieces.h"

#include <cmath>
#include <cstdio>
#include <exception>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/utf8.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::text {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // ▁, which represents a space in a piece

// A NormalizerSpec in protobuf's wire format: no table of replacements, no dummy prefix, no removal
// of spaces, spaces escaped. Appended to a model, it overrides the model's own, so that every model
// leaves the text unchanged and follows qkv's rule for line starts.
constexpr std::string_view kNoNormalizer("\x1A\x08\x12\x00\x18\x00\x20\x00\x28\x01", 10);

std::string text_of(std::string_view name) {
  std::string text;
  for (std::size_t offset = 0; offset < name.size();) {
    const bool mark = name.substr(offset, kSpaceMark.size()) == kSpaceMark;
    text += mark ? ' ' : name[offset];
    offset += mark ? kSpaceMark.size() : 1;
  }
  return text;
}

std::string byte_name(unsigned byte) {
  char name[8];
  std::snprintf(name, sizeof name, "<0x%02X>", byte);
  return name;
}

}  // namespace

Pieces::Pieces(std::string bytes, spec::TokenizerKind kind, const std::string& name)
    : kind_(kind), rule_(rule_of(kind)), bytes_(std::move(bytes)), hash_(base::sha256(bytes_)) {
  const std::string without_normalizer = bytes_ + std::string(kNoNormalizer);
  bool loaded = false;
  try {
    loaded = !bytes_.empty() && processor_.LoadFromSerializedProto(without_normalizer).ok();
  } catch (const std::exception&) {
    // Its trie throws on pieces that it cannot hold.
  }
  if (!loaded) {
    throw base::Error(
        base::concat(name, ": found ", bytes_.size(),
                     " bytes that are no SentencePiece model, expected a tokenizer.model"));
  }
  read_pieces(name);
}

void Pieces::read_pieces(const std::string& name) {
  static constexpr std::array<const char*, 4> kSpecials = {"<unk>", "<s>", "</s>", "<mask>"};
  const int count = processor_.GetPieceSize();
  byte_ids_.fill(-1);
  for (int id = 0; id < count; ++id) {
    const std::string& piece = processor_.IdToPiece(id);
    const bool special = processor_.IsUnknown(id) || processor_.IsControl(id);
    if (static_cast<std::size_t>(id) < kSpecials.size() &&
        (piece != kSpecials[static_cast<std::size_t>(id)] || !special)) {
      throw base::Error(base::concat(name, ": found piece ", base::quoted(piece), " with id ", id,
                                     ", expected the special ",
                                     kSpecials[static_cast<std::size_t>(id)]));
    }
    if (base::find_invalid_utf8(piece) || piece.find('\0') != std::string::npos ||
        !std::isfinite(processor_.GetScore(id))) {
      throw base::Error(base::concat(name, ": the piece with id ", id, " is damaged"));
    }
    names_.push_back(piece);
    if (special) {
      texts_.emplace_back();
    } else if (processor_.IsByte(id)) {
      unsigned byte = 0;
      if (std::sscanf(piece.c_str(), "<0x%2X>", &byte) != 1 || piece != byte_name(byte)) {
        throw base::Error(base::concat(name, ": found byte piece ", base::quoted(piece),
                                       ", expected one as <0x41>"));
      }
      byte_ids_[byte] = id;
      texts_.emplace_back(1, static_cast<char>(byte));
    } else {
      texts_.push_back(text_of(piece));
      if (texts_.back() == " " && !processor_.IsUnused(id)) space_id_ = id;
    }
  }
  if (static_cast<std::size_t>(count) < kSpecials.size()) {
    throw base::Error(base::concat(name, ": found ", count,
                                   " pieces, expected the specials <unk>, <s>, </s>, <mask>"));
  }
  for (unsigned byte = 0; byte < byte_ids_.size(); ++byte) {
    if (byte_ids_[byte] < 0) {
      throw base::Error(base::concat(name, ": found no piece ", byte_name(byte),
                                     ", expected all 256 byte pieces"));
    }
  }
}

const std::string& Pieces::name(std::int32_t id) const {
  if (id < 0 || id >= size()) {
    throw base::Error(base::concat("found token id ", id, ", expected one from 0 to ", size() - 1));
  }
  return names_[static_cast<std::size_t>(id)];
}

bool Pieces::is_special(std::int32_t id) const {
  name(id);
  return texts_[static_cast<std::size_t>(id)].empty();
}

std::vector<Piece> Pieces::spell(std::string_view segment, bool reserved) const {
  std::vector<int> ids;
  if (reserved || !processor_.Encode({segment.data(), segment.size()}, &ids).ok()) {
    return spell_in_bytes(segment, reserved);
  }
  std::vector<Piece> out;
  out.reserve(ids.size());
  std::size_t done = 0;
  for (const int id : ids) {
    if (id < 0 || id >= size()) return spell_in_bytes(segment, reserved);
    const std::string& text = texts_[static_cast<std::size_t>(id)];
    if (text.empty() || segment.substr(done, text.size()) != text)
      return spell_in_bytes(segment, reserved);
    out.push_back({id, static_cast<std::uint32_t>(text.size())});
    done += text.size();
  }
  return done == segment.size() ? out : spell_in_bytes(segment, reserved);
}

std::vector<Piece> Pieces::spell_in_bytes(std::string_view segment, bool reserved) const {
  std::vector<Piece> out;
  if (!reserved && segment.starts_with(' ') && space_id_ >= 0) {
    out.push_back({space_id_, 1});
    segment.remove_prefix(1);
  }
  for (const char byte : segment) out.push_back({byte_ids_[static_cast<unsigned char>(byte)], 1});
  return out;
}

void Pieces::append_text(std::int32_t id, bool& at_line_start, std::string& out) const {
  name(id);
  const std::string& text = texts_[static_cast<std::size_t>(id)];
  if (rule_ == Segmenter::Rule::kCharacters) {
    out += text;
  } else if (text.empty()) {
    at_line_start = id == Tokenizer::kBegin || id == Tokenizer::kEnd;
  } else {
    for (const char byte : text) {
      if (!(at_line_start && byte == ' ')) out += byte;
      at_line_start = byte == '\n';
    }
  }
}

}  // namespace qkv::text
