#include "evaluate/probes/probe_heads.h"

#include <algorithm>
#include <limits>

#include "evaluate/probes/contrast.h"
#include "evaluate/probes/probe_attention.h"

namespace qkv::evaluate {
namespace {

/// The results of a family.
struct Result {
  double accuracy = 0;  ///< in percent; NaN if there is no probe, like the margin
  double margin = 0;    ///< the mean
};

Result result_of(const std::vector<ProbeOutcome>& outcomes) {
  if (outcomes.empty()) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    return {.accuracy = kNone, .margin = kNone};
  }
  Result result;
  for (const ProbeOutcome& outcome : outcomes) {
    result.accuracy += outcome.correct() ? 1 : 0;
    result.margin += outcome.margin;
  }
  const auto count = static_cast<double>(outcomes.size());
  return {.accuracy = 100 * result.accuracy / count, .margin = result.margin / count};
}

using Heads = std::vector<inspect::HeadPlace>;

/// Heads to be removed; those before `layer` are removed already.
struct Trial {
  Heads heads;
  std::int64_t layer = 0;
};

/// Removes heads of one model.
class HeadTrials {
 public:
  HeadTrials(const engine::Model& model, int threads, const predict::TokenCounter& counter,
             inspect::PartMeans means)
      : model_(model), threads_(threads), counter_(counter), means_(std::move(means)) {}

  /// Removes nothing else.
  Trial alone(Heads heads) const {
    std::int64_t lowest = model_.config().layers - 1;
    for (const inspect::HeadPlace& head : heads) lowest = std::min(lowest, head.layer);
    return {.heads = std::move(heads), .layer = lowest};
  }

  /// The results without the heads that are removed already, then those of each trial.
  std::vector<Result> results(const AskedProbes& probes, const std::vector<Trial>& trials,
                              const Heads& removed = {}) const {
    const auto remover = [this](const Heads& heads) {
      return std::make_unique<inspect::Ablator>(means_.replacements({heads.begin(), heads.end()}));
    };
    std::vector<predict::Change> changes;
    changes.reserve(trials.size());
    for (const Trial& trial : trials) {
      changes.push_back({.first = {engine::Tap::kMixed, trial.layer},
                         .token = 0,
                         .make_taps = [&](std::int64_t /*kept*/) { return remover(trial.heads); }});
    }
    const auto outcomes = probes.outcomes_with(
        changes, model_, threads_, counter_, [&](std::size_t /*row*/) { return remover(removed); });
    std::vector<Result> results;
    results.reserve(outcomes.size());
    for (const std::vector<ProbeOutcome>& reading : outcomes) results.push_back(result_of(reading));
    return results;
  }

  Heads group_of(const AskedProbes& probes) const {
    Heads path;
    std::vector<double> falls;  // of accuracy, after each step of the path
    double whole = 0;
    while (path.size() < heads() / 2) {
      const std::vector<Trial> trials = next_steps(path);
      const std::vector<Result> found = results(probes, trials, path);
      if (path.empty()) whole = found.front().accuracy;
      const auto lowest = std::min_element(
          found.begin() + 1, found.end(),
          [](const Result& left, const Result& right) { return left.margin < right.margin; });
      path = trials[static_cast<std::size_t>(lowest - found.begin() - 1)].heads;
      falls.push_back(whole - lowest->accuracy);
    }
    path.resize(shortest_with_most(falls));
    return path;
  }

 private:
  std::size_t heads() const {
    return static_cast<std::size_t>(model_.config().layers * model_.config().heads);
  }

  /// The path with each further head.
  std::vector<Trial> next_steps(const Heads& path) const {
    std::vector<Trial> trials;
    for (std::size_t head = 0; head < heads(); ++head) {
      const inspect::HeadPlace place = head_place(head, model_.config());
      if (std::find(path.begin(), path.end(), place) != path.end()) continue;
      trials.push_back({.heads = path, .layer = place.layer});
      trials.back().heads.push_back(place);
    }
    return trials;
  }

  static std::size_t shortest_with_most(const std::vector<double>& falls) {
    constexpr double kMost = 0.9;
    if (falls.empty()) return 0;
    const double greatest = *std::max_element(falls.begin(), falls.end());
    if (!(greatest > 0)) return 0;
    const auto reached = std::find_if(falls.begin(), falls.end(),
                                      [&](double fall) { return fall >= kMost * greatest; });
    return static_cast<std::size_t>(reached - falls.begin()) + 1;
  }

  const engine::Model& model_;
  int threads_;
  const predict::TokenCounter& counter_;
  inspect::PartMeans means_;
};

}  // namespace

HeadCostProbes::HeadCostProbes(const std::vector<std::vector<const world::Probe*>>& families,
                               const text::Tokenizer& tokenizer, spec::TextLayout layout,
                               const spec::ModelConfig& model)
    : heads_(static_cast<std::size_t>(model.layers * model.heads)) {
  for (const std::vector<const world::Probe*>& probes : families) {
    const auto half = [&](Half which) {
      std::vector<const world::Probe*> chosen;
      for (std::size_t place = 0; place < probes.size(); ++place) {
        if (is_in(which, place)) chosen.push_back(probes[place]);
      }
      return AskedProbes(std::move(chosen), tokenizer, layout, model);
    };
    families_.push_back({.even = half(Half::kEven), .odd = half(Half::kOdd)});
  }
}

std::size_t HeadCostProbes::tokens() const {
  std::size_t in_path = 0;  // readings in the search for a group
  for (std::size_t removed = 0; removed < heads_ / 2; ++removed) in_path += 1 + heads_ - removed;
  std::size_t tokens = 0;
  for (const Halves& family : families_) {
    // Both for the means.
    tokens += family.even.tokens() * (1 + in_path);
    // Unchanged; without each head; without the group of every family.
    tokens += family.odd.tokens() * (1 + 1 + heads_ + families_.size());
  }
  return tokens;
}

std::vector<HeadCosts> HeadCostProbes::costs(const engine::Model& model, int threads,
                                             const predict::TokenCounter& counter) const {
  std::vector<predict::ScoredRow> rows;
  for (const Halves& family : families_) {
    for (const AskedProbes* half : {&family.even, &family.odd}) {
      const std::vector<predict::ScoredRow> own = half->rows();
      rows.insert(rows.end(), own.begin(), own.end());
    }
  }
  const HeadTrials removal(model, threads, counter,
                           inspect::part_means(model, rows, threads, counter));
  std::vector<HeadCosts> costs(families_.size());
  for (std::size_t family = 0; family < costs.size(); ++family)
    costs[family].group = removal.group_of(families_[family].even);

  std::vector<Trial> trials;
  for (std::size_t head = 0; head < heads_; ++head)
    trials.push_back(removal.alone({head_place(head, model.config())}));
  for (const HeadCosts& cost : costs) trials.push_back(removal.alone(cost.group));
  for (std::size_t family = 0; family < costs.size(); ++family) {
    const std::vector<Result> results = removal.results(families_[family].odd, trials);
    const auto cost = [&](std::size_t trial) {
      return results.front().accuracy - results[1 + trial].accuracy;
    };
    for (std::size_t head = 0; head < heads_; ++head) costs[family].single.push_back(cost(head));
    for (std::size_t other = 0; other < costs.size(); ++other)
      costs[other].group_on.push_back(cost(heads_ + other));
  }
  return costs;
}

}  // namespace qkv::evaluate
