#include "predict/changes.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "predict/layer_inputs.h"

namespace qkv::predict {
namespace {

/// The number of first tokens that need not be read again. In the last layer, tokens know of each
/// other only by their keys and values, so that a change after these matters only at the targets
/// themselves. Two tokens are always read, so that a change of nothing changes no bit
/// (engine::Reader).
std::int64_t kept_tokens(const spec::ModelConfig& config, const ScoredRow& row,
                         const Change& change) {
  const bool last_layer = change.first.layer == config.layers - 1;
  if (!config.causal() && !last_layer) return 0;
  std::int64_t kept = std::max<std::int64_t>(static_cast<std::int64_t>(row.ids.size()) - 2, 0);
  for (const Target& target : row.targets) kept = std::min(kept, target.place);
  const bool of_targets_alone = last_layer && change.first.tap > engine::Tap::kValue;
  return of_targets_alone ? kept : std::min(kept, change.token);
}

/// Reads a row with each change. `scores` are those of all readings, the first of which is done.
void score_again(const spec::ModelConfig& config, const ScoredRow& row,
                 const std::vector<Change>& changes, const LayerInputs& inputs, Scorer& scorer,
                 std::span<TargetScore> scores) {
  std::vector<std::int64_t> kept;
  kept.reserve(changes.size());
  for (const Change& change : changes) kept.push_back(kept_tokens(config, row, change));
  // The tokens that a change reads again are no longer those of the first reading: later changes
  // must not keep them.
  std::vector<std::size_t> order(changes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t left, std::size_t right) { return kept[left] > kept[right]; });
  for (const std::size_t at : order) {
    const Change& change = changes[at];
    ScoredRow again = row;
    again.from_layer = change.first.layer;
    again.x = inputs.of(change.first.layer) + kept[at] * config.width;
    again.first_values = inputs.first_values(kept[at]);
    again.kept = kept[at];
    const auto taps = change.make_taps(kept[at]);
    const std::size_t targets = row.targets.size();
    scorer.score(again, taps.get(), scores.subspan((1 + at) * targets, targets));
  }
}

/// Scores each row, and again with the changes to which with_changes(row, use) applies use().
template <typename WithChanges>
std::vector<std::vector<TargetScore>> score_all(const engine::Model& model,
                                                const std::vector<ScoredRow>& rows, int threads,
                                                const WithChanges& with_changes,
                                                const TokenCounter& counter,
                                                const MakeTaps& first) {
  const spec::ModelConfig& config = model.config();
  std::vector<std::vector<TargetScore>> scores(rows.size());
  std::mutex mutex;
  with_scorers(model, rows.size(), threads, [&](Scorer& scorer, std::size_t index) {
    const ScoredRow& row = rows[index];
    with_changes(index, [&](const std::vector<Change>& changes) {
      const std::size_t readings = 1 + changes.size();
      scores[index].resize(readings * row.targets.size());
      LayerInputs inputs(config, first ? first(index) : nullptr);
      scorer.score(row, &inputs, std::span(scores[index]).first(row.targets.size()));
      score_again(config, row, changes, inputs, scorer, scores[index]);
      if (!counter) return;
      const std::lock_guard lock(mutex);
      counter(readings * row.ids.size());
    });
  });
  return scores;
}

}  // namespace

std::vector<std::vector<TargetScore>> score_changes(const engine::Model& model,
                                                    const std::vector<ScoredRow>& rows, int threads,
                                                    const ChangesOf& changes_of,
                                                    const TokenCounter& counter,
                                                    const MakeTaps& first) {
  const auto made = [&](std::size_t row, const auto& use) { use(changes_of(row)); };
  return score_all(model, rows, threads, made, counter, first);
}

std::vector<std::vector<TargetScore>> score_changes(const engine::Model& model,
                                                    const std::vector<ScoredRow>& rows, int threads,
                                                    const std::vector<Change>& changes,
                                                    const TokenCounter& counter,
                                                    const MakeTaps& first) {
  const auto same = [&](std::size_t /*row*/, const auto& use) { use(changes); };
  return score_all(model, rows, threads, same, counter, first);
}

}  // namespace qkv::predict
