#include "evaluate/probe_heads.h"

#include <algorithm>
#include <limits>

#include "evaluate/contrast.h"
#include "evaluate/probe_attention.h"

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

/// The results of one half of each family, with no head removed.
struct WholeResult {
  Result even;
  Result odd;
};

/// Removes heads of one model.
class HeadTrials {
 public:
  HeadTrials(const model::Model& model, const model::Runtime& runtime,
             const inspect::TokenCounter& counter, std::vector<model::Tensor> means)
      : model_(model), runtime_(runtime), counter_(counter), means_(std::move(means)) {}

  Result without(const std::vector<inspect::HeadPlace>& removed, const AskedProbes& probes) const {
    inspect::HeadRemover remover(removed, means_);
    return result_of(probes.outcomes(model_, runtime_, counter_, &remover));
  }

  std::vector<inspect::HeadPlace> group_of(const AskedProbes& probes, double whole_accuracy) const {
    std::vector<inspect::HeadPlace> path;
    std::vector<double> falls;  // of accuracy, after each step of the path
    while (path.size() < heads() / 2) {
      Result lowest{.accuracy = 0, .margin = std::numeric_limits<double>::infinity()};
      inspect::HeadPlace next;
      for (std::size_t head = 0; head < heads(); ++head) {
        const inspect::HeadPlace place = head_place(head, model_.config());
        if (std::find(path.begin(), path.end(), place) != path.end()) continue;
        path.push_back(place);
        const Result result = without(path, probes);
        path.pop_back();
        if (result.margin < lowest.margin) {
          lowest = result;
          next = place;
        }
      }
      path.push_back(next);
      falls.push_back(whole_accuracy - lowest.accuracy);
    }
    path.resize(shortest_with_most(falls));
    return path;
  }

 private:
  std::size_t heads() const {
    return static_cast<std::size_t>(model_.config().layers * model_.config().heads);
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

  const model::Model& model_;
  const model::Runtime& runtime_;
  const inspect::TokenCounter& counter_;
  std::vector<model::Tensor> means_;
};

}  // namespace

HeadCostProbes::HeadCostProbes(const std::vector<std::vector<const world::Probe*>>& families,
                               const text::Tokenizer& tokenizer, const std::string& layout,
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
  std::size_t in_path = 0;  // steps of the search for a group
  for (std::size_t removed = 0; removed < heads_ / 2; ++removed) in_path += heads_ - removed;
  std::size_t tokens = 0;
  for (const Halves& family : families_) {
    tokens += family.even.tokens() * (1 + in_path);
    // Unchanged; without each head; without the group of every family.
    tokens += family.odd.tokens() * (1 + heads_ + families_.size());
  }
  return tokens;
}

std::vector<HeadCosts> HeadCostProbes::costs(const model::Model& model,
                                             const model::Runtime& runtime,
                                             const inspect::TokenCounter& counter) const {
  inspect::HeadMeans means;
  std::vector<WholeResult> whole;
  for (const Halves& family : families_) {
    const Result even = result_of(family.even.outcomes(model, runtime, counter, &means));
    whole.push_back(
        {.even = even, .odd = result_of(family.odd.outcomes(model, runtime, counter, &means))});
  }
  const HeadTrials trials(model, runtime, counter, means.means());

  std::vector<HeadCosts> costs;
  for (std::size_t index = 0; index < families_.size(); ++index) {
    const Halves& family = families_[index];
    HeadCosts& cost = costs.emplace_back();
    for (std::size_t head = 0; head < heads_; ++head) {
      const std::vector<inspect::HeadPlace> alone = {head_place(head, model.config())};
      cost.single.push_back(whole[index].odd.accuracy - trials.without(alone, family.odd).accuracy);
    }
    cost.group = trials.group_of(family.even, whole[index].even.accuracy);
    for (std::size_t other = 0; other < families_.size(); ++other) {
      cost.group_on.push_back(whole[other].odd.accuracy -
                              trials.without(cost.group, families_[other].odd).accuracy);
    }
  }
  return costs;
}

}  // namespace qkv::evaluate
