#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/span.h"
#include "evaluate/log_probability.h"
#include "predict/scoring.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::evaluate {

/// The model's input for a text, and its targets.
struct Reading {
  std::vector<std::int32_t> ids;
  std::vector<base::Span> spans;  ///< bytes of the text that each token covers; none for specials
  std::vector<predict::Target> targets;

  predict::ScoredRow row() const { return {.ids = ids, .targets = targets}; }
};

/// The number of tokens that the model would read for a text; more than its context do not fit.
std::int64_t tokens_read(const ScoredText& text, const text::Tokenizer& tokenizer,
                         spec::TextLayout layout, const spec::ModelConfig& model);

/// A text as the model read texts in training. Causal: everything before the last token that
/// counts, after the document's beginning (layout lines) or a newline (stream); the end of a
/// document counts if everything counts. Masked: for a part, its tokens are all masked at once; if
/// everything counts, one reading for each token, in which only it is masked. Throws Error if the
/// text does not fit the context or a part holds no token.
std::vector<Reading> readings_of(const ScoredText& text, const text::Tokenizer& tokenizer,
                                 spec::TextLayout layout, const spec::ModelConfig& model);

}  // namespace qkv::evaluate
