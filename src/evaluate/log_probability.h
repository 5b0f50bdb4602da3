#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/span.h"
#include "engine/declarations.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::evaluate {

/// A text whose probability is wanted.
struct ScoredText {
  std::string text;
  std::string where = {};  ///< its location, for messages; the text if empty
  std::optional<base::Span> scored =
      {};  ///< only the tokens in these bytes count; all unless given
};

struct LogProbability {
  double nats = 0;        ///< log p, summed over the tokens that count
  bool likeliest = true;  ///< whether each of them is the most probable of all pieces
};

/// log p of each text under a model, or of the part that counts: the sum over its tokens. For a
/// masked model, the pseudo-log-likelihood (Salazar et al. 2020). `layout` is data.layout of the
/// model's config. Shows progress. Throws Error if a text does not fit the context or a part holds
/// no token.
std::vector<LogProbability> log_probabilities(const engine::Model& model,
                                              const text::Tokenizer& tokenizer,
                                              spec::TextLayout layout,
                                              const std::vector<ScoredText>& texts, int threads);

}  // namespace qkv::evaluate
