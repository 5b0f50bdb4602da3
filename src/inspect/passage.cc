#include "inspect/passage.h"

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"
#include "inspect/vocabulary.h"
#include "render/label.h"
#include "text/prompt.h"
#include "text/tokenizer/unknown_words.h"

namespace qkv::inspect {
namespace {

constexpr std::string_view kMaskText = "<mask>";

/// The tokens of `text`, with a mask piece for every `<mask>`.
std::vector<text::Token> encode_with_masks(const text::Tokenizer& tokenizer,
                                           std::string_view text) {
  std::vector<text::Token> tokens;
  auto place = text::Tokenizer::Place::kLineStart;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t mask = text.find(kMaskText, begin);
    std::string_view part =
        text.substr(begin, mask == std::string_view::npos ? mask : mask - begin);
    // A piece of a word includes the space before it, and so does the mask that hides it.
    const bool is_hidden =
        mask != std::string_view::npos && tokenizer.kind() != spec::TokenizerKind::kChar;
    if (is_hidden && part.ends_with(' ')) part.remove_suffix(1);
    for (const text::Token& token : tokenizer.encode_with_offsets(part, place)) {
      tokens.push_back({token.id, begin + token.begin, begin + token.end});
    }
    if (mask == std::string_view::npos) break;
    tokens.push_back({text::Tokenizer::kMask, mask, mask});
    begin = mask + kMaskText.size();
    place = text::Tokenizer::Place::kInLine;
  }
  return tokens;
}

}  // namespace

Passage read_passage(const checkpoint::Checkpoint& checkpoint, std::string text,
                     const std::string& name) {
  text = text::given_text(std::move(text), checkpoint.config.data.layout, name);
  if (checkpoint.config.model.causal()) text::warn_of_final_space(text, checkpoint.tokenizer, name);
  Passage passage = encode_passage(checkpoint, std::move(text), name);
  text::UnknownWords unknown(checkpoint.tokenizer);
  for (const text::Token& token : passage.tokens) unknown.add(token.id);
  unknown.end_text();
  unknown.warn(name);
  return passage;
}

Passage encode_passage(const checkpoint::Checkpoint& checkpoint, std::string text,
                       const std::string& name) {
  const spec::ModelConfig& model = checkpoint.config.model;
  const bool lines = checkpoint.config.data.layout == spec::TextLayout::kLines;
  base::require_utf8(text, name);
  text = text::without_line_end(std::move(text), checkpoint.config.data.layout);
  if (text.empty())
    throw base::Error(name + ": found an empty text, expected at least one character");

  Passage passage{.text = std::move(text), .tokens = {}};
  passage.tokens = model.causal() ? checkpoint.tokenizer.encode_with_offsets(passage.text)
                                  : encode_with_masks(checkpoint.tokenizer, passage.text);
  if (lines) {
    passage.tokens.insert(passage.tokens.begin(), {text::Tokenizer::kBegin, 0, 0});
    const std::size_t end = passage.text.size();
    if (!model.causal()) passage.tokens.push_back({text::Tokenizer::kEnd, end, end});
  }
  if (passage.tokens.size() > static_cast<std::size_t>(model.context)) {
    throw base::Error(base::concat(name, ": found ", passage.tokens.size(), " tokens",
                                   lines ? " (specials included)" : "",
                                   ", expected at most the context of ", model.context));
  }
  return passage;
}

std::vector<std::int32_t> ids_of(const Passage& passage) {
  std::vector<std::int32_t> ids;
  ids.reserve(passage.tokens.size());
  for (const text::Token& token : passage.tokens) ids.push_back(token.id);
  return ids;
}

std::string token_text(const Passage& passage, std::size_t index) {
  const text::Token& token = passage.tokens[index];
  return base::replace_invalid_utf8(
      std::string_view(passage.text).substr(token.begin, token.end - token.begin));
}

std::string token_label(const Passage& passage, const text::Tokenizer& tokenizer,
                        std::size_t index) {
  const text::Token& token = passage.tokens[index];
  if (tokenizer.is_special(token.id)) return tokenizer.piece(token.id);
  if (token.begin == token.end) return render::visible_label(piece_text(tokenizer, token.id));
  const std::string_view bytes =
      std::string_view(passage.text).substr(token.begin, token.end - token.begin);
  if (base::find_invalid_utf8(bytes)) return tokenizer.piece(token.id);
  return render::visible_label(std::string(bytes));
}

std::vector<std::string> token_labels(const Passage& passage, const text::Tokenizer& tokenizer) {
  std::vector<std::string> labels;
  for (std::size_t index = 0; index < passage.tokens.size(); ++index) {
    labels.push_back(token_label(passage, tokenizer, index));
  }
  return labels;
}

}  // namespace qkv::inspect
