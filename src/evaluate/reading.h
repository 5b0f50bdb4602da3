#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/span.h"
#include "inspect/scoring.h"
#include "text/tokenizer.h"

namespace qkv::evaluate {

/// A text whose probability is asked for.
struct ScoredText {
  std::string text;
  std::string where = {};  ///< where it stands, for messages; the text if empty
  std::optional<base::Span> scored =
      {};  ///< only the tokens in these bytes count; all unless given
};

/// What a model is given of a text, and what is asked of it.
struct Reading {
  std::vector<std::int32_t> ids;
  std::vector<base::Span> spans;  ///< bytes of the text that each token covers; none for specials
  std::vector<inspect::Target> targets;

  inspect::ScoredRow row() const { return {.ids = ids, .targets = targets}; }
};

/// How many tokens the model would read of a text; more than its context do not fit.
std::int64_t tokens_read(const ScoredText& text, const text::Tokenizer& tokenizer,
                         const std::string& layout, const config::ModelConfig& model);

/// A text as the model saw texts in training. Causal: what stands before the last token that
/// counts, after the document's begin (layout lines) or a new line (stream); the end of a document
/// counts where all does. Masked: of a part, its tokens all masked at once; where all counts, a
/// reading for each token, masked by itself. Throws Error where the text does not fit the context
/// or a part holds no token.
std::vector<Reading> readings_of(const ScoredText& text, const text::Tokenizer& tokenizer,
                                 const std::string& layout, const config::ModelConfig& model);

}  // namespace qkv::evaluate
