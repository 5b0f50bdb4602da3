#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "evaluate/geometry/shares.h"
#include "inspect/vectors/neighbours.h"

namespace qkv::evaluate {

/// a is to b as c is to d, as pieces of a tokenizer.
using PieceAnalogy = std::array<std::int32_t, 4>;

/// How many analogies the vectors solve: d is the word nearest to b − a + c by its cosine (3CosAdd;
/// Mikolov et al. 2013, "Linguistic regularities in continuous space word representations"). a, b
/// and c are excluded; a tie counts as wrong.
struct AnalogyScore {
  /// The words found.
  struct Answer {
    std::string listed;
    std::string all;
  };

  Shares accuracy;  ///< NaN if there is no analogy, like the next
  Shares guessing;  ///< 1 / the number of candidates
  std::vector<Answer> answers;
};

/// The candidates are `listed`, which contain all words of the analogies, or all learned pieces.
/// Throws Error if a piece is not in the space.
AnalogyScore score_analogies(const inspect::EmbeddingSpace& space,
                             const std::vector<PieceAnalogy>& analogies,
                             const std::set<std::int32_t>& listed,
                             const text::Tokenizer& tokenizer);

}  // namespace qkv::evaluate
