#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/span.h"
#include "model/libtorch.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace qkv {

/// A text whose probability is asked for.
struct ScoredText {
  std::string text;
  std::string where = {};           ///< where it stands, for messages; the text if empty
  std::optional<Span> scored = {};  ///< only the tokens in these bytes count; all unless given
};

struct LogProbability {
  double nats = 0;        ///< log p, summed over the tokens that count
  bool likeliest = true;  ///< whether the model finds each of them likelier than any other piece
};

/// log p of each text. Causal: the sum over its tokens, given what stands before: the document's
/// begin (layout lines, its end included where all counts) or a new line (stream). Masked: where
/// all counts the pseudo-log-likelihood, the sum over its tokens each masked in turn (Salazar et
/// al. 2020); of a part, its tokens all masked at once. Throws Error where a text does not fit the
/// context or a part holds no token.
std::vector<LogProbability> log_probabilities(const Model& model, const Tokenizer& tokenizer,
                                              const std::string& layout,
                                              const std::vector<ScoredText>& texts,
                                              const Runtime& runtime);

}  // namespace qkv
