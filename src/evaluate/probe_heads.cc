#include "evaluate/probe_heads.h"

#include <algorithm>
#include <limits>

#include "base/progress.h"
#include "evaluate/contrast.h"
#include "evaluate/probe_attention.h"

namespace qkv {
namespace {

/// How a family's probes are answered.
struct Result {
  double accuracy = 0;  ///< in percent; NaN where there is no probe, as the margin
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

/// A family's probes of even places, to choose on, and those of odd ones, to report on.
struct Halves {
  AskedProbes even;
  AskedProbes odd;
  Result whole_even = {};
  Result whole_odd = {};
};

class HeadTrials {
 public:
  HeadTrials(const Model& model, const Tokenizer& tokenizer, const std::string& layout,
             const std::vector<std::vector<const Probe*>>& families, const Runtime& runtime)
      : model_(model), runtime_(runtime), progress_("removing heads", "trials", trials(families)) {
    const auto half = [&](const std::vector<const Probe*>& probes, Half which) {
      std::vector<const Probe*> chosen;
      for (std::size_t place = 0; place < probes.size(); ++place) {
        if (is_in(which, place)) chosen.push_back(probes[place]);
      }
      return AskedProbes(std::move(chosen), tokenizer, layout, model.config());
    };
    HeadMeans means;
    for (const std::vector<const Probe*>& probes : families) {
      Halves& halves = families_.emplace_back(
          Halves{.even = half(probes, Half::kEven), .odd = half(probes, Half::kOdd)});
      halves.whole_even = result_of(halves.even.outcomes(model, runtime, "", &means));
      halves.whole_odd = result_of(halves.odd.outcomes(model, runtime, "", &means));
    }
    means_ = means.means();
  }

  HeadCosts costs_of(const Halves& family) {
    HeadCosts costs;
    for (std::size_t head = 0; head < heads(); ++head) {
      const std::vector<HeadPlace> alone = {head_place(head, model_.config())};
      costs.single.push_back(family.whole_odd.accuracy - without(alone, family.odd).accuracy);
    }
    costs.group = group_of(family);
    for (const Halves& other : families_) {
      costs.group_on.push_back(other.whole_odd.accuracy - without(costs.group, other.odd).accuracy);
    }
    return costs;
  }

  const std::vector<Halves>& families() const { return families_; }

 private:
  std::size_t heads() const {
    return static_cast<std::size_t>(model_.config().layers * model_.config().heads);
  }

  std::uint64_t trials(const std::vector<std::vector<const Probe*>>& families) const {
    std::uint64_t each = heads() + families.size();
    for (std::size_t removed = 0; removed < heads() / 2; ++removed) each += heads() - removed;
    return each * families.size();
  }

  Result without(const std::vector<HeadPlace>& removed, const AskedProbes& probes) {
    HeadRemover remover(removed, means_);
    const Result result = result_of(probes.outcomes(model_, runtime_, "", &remover));
    progress_.update(++done_);
    return result;
  }

  std::vector<HeadPlace> group_of(const Halves& family) {
    std::vector<HeadPlace> path;
    std::vector<double> falls;  // of accuracy, after each step of the path
    while (path.size() < heads() / 2) {
      Result lowest{.accuracy = 0, .margin = std::numeric_limits<double>::infinity()};
      HeadPlace next;
      for (std::size_t head = 0; head < heads(); ++head) {
        const HeadPlace place = head_place(head, model_.config());
        if (std::find(path.begin(), path.end(), place) != path.end()) continue;
        path.push_back(place);
        const Result result = without(path, family.even);
        path.pop_back();
        if (result.margin < lowest.margin) {
          lowest = result;
          next = place;
        }
      }
      path.push_back(next);
      falls.push_back(family.whole_even.accuracy - lowest.accuracy);
    }
    path.resize(shortest_with_most(falls));
    return path;
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

  const Model& model_;
  const Runtime& runtime_;
  std::vector<Halves> families_;
  std::vector<Tensor> means_;
  Progress progress_;
  std::uint64_t done_ = 0;
};

}  // namespace

std::vector<HeadCosts> head_costs(const Model& model, const Tokenizer& tokenizer,
                                  const std::string& layout,
                                  const std::vector<std::vector<const Probe*>>& families,
                                  const Runtime& runtime) {
  HeadTrials trials(model, tokenizer, layout, families, runtime);
  std::vector<HeadCosts> costs;
  for (const Halves& family : trials.families()) costs.push_back(trials.costs_of(family));
  return costs;
}

}  // namespace qkv
