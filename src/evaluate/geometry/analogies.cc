#include "evaluate/geometry/analogies.h"

#include "inspect/vocabulary.h"

namespace qkv::evaluate {
namespace {

constexpr std::size_t kGiven = 3;

/// Whether `word` is nearer than every other candidate; the nearest candidate comes first.
bool is_nearest(std::int32_t word, const std::vector<inspect::Neighbour>& candidates) {
  return candidates.front().id == word &&
         (candidates.size() == 1 || candidates[1].cosine < candidates[0].cosine);
}

}  // namespace

AnalogyScore score_analogies(const inspect::EmbeddingSpace& space,
                             const std::vector<PieceAnalogy>& analogies,
                             const std::set<std::int32_t>& listed,
                             const text::Tokenizer& tokenizer) {
  AnalogyScore score;
  for (const auto& [a, b, c, d] : analogies) {
    const std::vector<inspect::Neighbour> all = space.analogy(b, a, c, space.size());
    std::vector<inspect::Neighbour> among_listed = all;
    std::erase_if(among_listed,
                  [&](const inspect::Neighbour& one) { return !listed.contains(one.id); });
    score.answers.push_back({.listed = inspect::piece_word(tokenizer, among_listed.front().id),
                             .all = inspect::piece_word(tokenizer, all.front().id)});
    score.accuracy.listed += is_nearest(d, among_listed) ? 1 : 0;
    score.accuracy.all += is_nearest(d, all) ? 1 : 0;
  }
  const auto count = static_cast<double>(analogies.size());
  score.accuracy.listed /= count;
  score.accuracy.all /= count;
  score.guessing = {.listed = analogies.empty() ? score.accuracy.listed
                                                : 1 / static_cast<double>(listed.size() - kGiven),
                    .all = analogies.empty() ? score.accuracy.all
                                             : 1 / static_cast<double>(space.size() - kGiven)};
  return score;
}

}  // namespace qkv::evaluate
