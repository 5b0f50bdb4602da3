#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/array.h"
#include "engine/model.h"
#include "predict/scoring.h"

namespace qkv::inspect {

/// Texts as ids of tokens.
using IdRows = std::vector<std::vector<std::int32_t>>;

/// What each head attends to, [layer, head]: means over the tokens of some texts. NaN if no token
/// counts.
struct HeadScores {
  base::ArrayOf<double> previous;  ///< the weight on the token before; for all tokens but the first
  base::ArrayOf<double> duplicate;  ///< the weight on earlier tokens with the same id, if there are
  /// The weight on the tokens that follow earlier tokens with the same id (the prefix-matching
  /// score of Olsson et al. 2022), if there are such tokens before this one.
  base::ArrayOf<double> induction;
  base::ArrayOf<double> first_token;  ///< the weight on token 0; for all tokens but the first
  /// The entropy of the row of weights, divided by the logarithm of the number of keys that the
  /// token sees; for tokens that see several.
  base::ArrayOf<double> entropy;
  base::ArrayOf<double> distance;  ///< Σ weight · |query − key|, in tokens; for all tokens
};

/// Reads the texts once. No result depends on the number of threads. REQUIRES softmax attention,
/// and that the texts fit the context. Throws Error as a reader does.
HeadScores head_scores(const engine::Model& model, const IdRows& texts, int threads);

/// `count` texts of random pieces, each of `length`, from a stream that depends on nothing else. No
/// piece appears twice in a text, if there are enough of them.
IdRows random_texts(const std::vector<std::int32_t>& pieces, std::size_t count, std::size_t length);

/// Each text followed by itself, after `begin`.
IdRows repeated(const IdRows& texts, std::span<const std::int32_t> begin);

}  // namespace qkv::inspect
