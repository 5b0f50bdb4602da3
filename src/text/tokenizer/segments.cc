#include "text/tokenizer/segments.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace qkv::text {
namespace {

enum class Role : std::uint8_t { kWord, kSpace, kNewline, kReserved, kSingle };

struct Step {
  Role role;
  std::size_t size;
};

constexpr char32_t kSpaceMarkCode = 0x2581;  // SentencePiece's own space
constexpr char32_t kUnknownMark = 0x2585;    // its trainer drops lines that contain one

Role role_of(char32_t code) {
  if (code == ' ') return Role::kSpace;
  if (code == '\n') return Role::kNewline;
  // SentencePiece ends strings at NUL, and a tab separates the fields of its trainer's input.
  if (code == '\0' || code == '\t' || code == kSpaceMarkCode || code == kUnknownMark)
    return Role::kReserved;
  return base::kind_of(code) == base::CharacterKind::kWord ? Role::kWord : Role::kSingle;
}

const std::array<Role, 128>& ascii_roles() {
  static const std::array<Role, 128> roles = [] {
    std::array<Role, 128> out{};
    for (char32_t code = 0; code < 128; ++code) out[code] = role_of(code);
    return out;
  }();
  return roles;
}

Step step_at(std::string_view text, std::size_t offset) {
  const auto byte = static_cast<unsigned char>(text[offset]);
  static const std::array<Role, 128>& ascii = ascii_roles();
  if (byte < 128) return {ascii[byte], 1};
  const auto character = base::decode_utf8(text, offset);
  if (!character) return {Role::kReserved, 1};
  return {role_of(character->code), character->size};
}

}  // namespace

std::size_t Segmenter::end_of_word(std::size_t begin) const {
  std::size_t end = begin;
  for (std::size_t count = 0; count < kLongest && end < text_.size(); ++count) {
    const Step step = step_at(text_, end);
    if (step.role != Role::kWord) break;
    end += step.size;
  }
  return end;
}

bool Segmenter::next(Segment& segment) {
  if (offset_ >= text_.size()) return false;
  const Step first = step_at(text_, offset_);
  std::size_t end = offset_ + first.size;
  bool added_space = false;
  if (rule_ == Rule::kWords) {
    if (first.role == Role::kWord) {
      added_space = at_line_start_;
      end = end_of_word(offset_);
    } else if (first.role == Role::kSpace) {
      added_space = at_line_start_;
      end = added_space ? offset_ : end_of_word(end);
    }
    at_line_start_ = first.role == Role::kNewline;
  }
  segment = {text_.substr(offset_, end - offset_), added_space, first.role == Role::kReserved};
  offset_ = end;
  return true;
}

Segmenter::Rule rule_of(spec::TokenizerKind kind) {
  switch (kind) {
    case spec::TokenizerKind::kChar:
      return Segmenter::Rule::kCharacters;
    case spec::TokenizerKind::kWord:
    case spec::TokenizerKind::kBpe:
    case spec::TokenizerKind::kUnigram:
      break;
  }
  return Segmenter::Rule::kWords;
}

}  // namespace qkv::text
