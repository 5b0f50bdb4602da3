#include "predict/changes.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "predict/layer_inputs.h"

namespace qkv::predict {
namespace {

/// The number of first tokens that need not be read again. Keys and values of the last layer come
/// from its input, so that a change there matters only at the targets themselves. Two tokens are
/// always read, so that a change of nothing changes no bit (engine::Reader::read_from).
std::int64_t kept_tokens(const spec::ModelConfig& config, const ScoredRow& row,
                         const Change& change) {
  const bool last_layer = change.layer == config.layers - 1;
  if (!config.causal() && !last_layer) return 0;
  std::int64_t kept = static_cast<std::int64_t>(row.ids.size()) - 2;
  for (const Target& target : row.targets) kept = std::min(kept, target.place);
  if (!last_layer) kept = std::min(kept, change.token);
  return std::max<std::int64_t>(kept, 0);
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
    again.from_layer = change.layer;
    again.x = inputs.of(change.layer) + kept[at] * config.width;
    again.first_values = inputs.first_values(kept[at]);
    again.kept = kept[at];
    const auto taps = change.make_taps(kept[at]);
    const std::size_t targets = row.targets.size();
    scorer.score(again, taps.get(), scores.subspan((1 + at) * targets, targets));
  }
}

}  // namespace

std::vector<std::vector<TargetScore>> score_changes(const engine::Model& model,
                                                    const std::vector<ScoredRow>& rows, int threads,
                                                    const ChangesOf& changes_of,
                                                    const TokenCounter& counter,
                                                    const MakeTaps& first) {
  const spec::ModelConfig& config = model.config();
  std::vector<std::vector<TargetScore>> scores(rows.size());
  std::mutex mutex;
  with_scorers(model, rows.size(), threads, [&](Scorer& scorer, std::size_t index) {
    const ScoredRow& row = rows[index];
    const std::vector<Change> changes = changes_of(index);
    const std::size_t readings = 1 + changes.size();
    scores[index].resize(readings * row.targets.size());
    LayerInputs inputs(config, first ? first(index) : nullptr);
    scorer.score(row, &inputs, std::span(scores[index]).first(row.targets.size()));
    score_again(config, row, changes, inputs, scorer, scores[index]);
    if (!counter) return;
    const std::lock_guard lock(mutex);
    counter(readings * row.ids.size());
  });
  return scores;
}

}  // namespace qkv::predict
