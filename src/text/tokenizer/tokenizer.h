#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace qkv::text {

class Pieces;

/// A token in a text.
struct Token {
  std::int32_t id = 0;
  std::size_t begin = 0;  ///< byte offsets in the text; equal for specials
  std::size_t end = 0;
};

/// Text ↔ ids, with the pieces of SentencePiece. Every id sequence that `encode` returns decodes to
/// exactly the original text; docs/text.md states the rules. Immutable: safe to share.
class Tokenizer {
 public:
  static constexpr std::int32_t kUnknown = 0;
  static constexpr std::int32_t kBegin = 1;
  static constexpr std::int32_t kEnd = 2;
  static constexpr std::int32_t kMask = 3;

  /// Trains pieces on a text. `next_block` returns the text in blocks of whole characters, and then
  /// an empty block. Throws Error on invalid UTF-8 or a text without a character.
  static Tokenizer train(const config::TokenizerConfig& config,
                         const std::function<std::string_view()>& next_block);

  /// Reads a tokenizer.model; `kind` as in TokenizerConfig. Throws Error if the file is not one,
  /// its special ids are not those of qkv, or it has no byte pieces.
  static Tokenizer load(const std::filesystem::path& path, spec::TokenizerKind kind);

  /// The same from the file's bytes; `name` appears in messages.
  static Tokenizer from_bytes(std::string bytes, spec::TokenizerKind kind, const std::string& name);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Where a text begins: at the start of a line or inside one (after a mask, for example). A line
  /// start is marked by a zero-width space before its first word, which decode removes again.
  enum class Place { kLineStart, kInLine };

  /// Ids of a whole text. Specials are never made from text. Throws Error on invalid UTF-8.
  std::vector<std::int32_t> encode(std::string_view text, Place place = Place::kLineStart) const;
  /// The same with byte offsets: the tokens are consecutive and cover the whole text.
  std::vector<Token> encode_with_offsets(std::string_view text,
                                         Place place = Place::kLineStart) const;
  /// The text of ids; specials add nothing, `<s>` and `</s>` begin a line. May hold invalid UTF-8
  /// for ids that do not come from a text. Throws Error on an id that is not in the vocabulary.
  std::string decode(std::span<const std::int32_t> ids, Place place = Place::kLineStart) const;

  std::int64_t size() const;
  /// The piece as SentencePiece writes it: "▁cat", "<0xE2>", "</s>". Throws Error as decode does.
  const std::string& piece(std::int32_t id) const;
  bool is_special(std::int32_t id) const;
  spec::TokenizerKind kind() const;
  /// The content of tokenizer.model, and its SHA-256.
  const std::string& bytes() const;
  const std::string& hash() const;

 private:
  friend class Decoder;
  friend class Encoder;
  explicit Tokenizer(std::shared_ptr<const Pieces> pieces);
  std::shared_ptr<const Pieces> pieces_;
};

/// Decodes ids one by one, as generation does, and returns only whole characters.
class Decoder {
 public:
  explicit Decoder(const Tokenizer& tokenizer);
  ~Decoder();
  /// The text that is certain after this id: complete characters; invalid bytes become U+FFFD.
  std::string add(std::int32_t id);
  /// The remaining text at the end.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace qkv::text
