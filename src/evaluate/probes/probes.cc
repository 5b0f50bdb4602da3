#include "evaluate/probes/probes.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "evaluate/probes/probe_reading.h"

namespace qkv::evaluate {
namespace {

constexpr std::array<std::size_t, 6> kBandEnds = {5, 10, 25, 50, 100, 1'000'000};

FamilyScore& family_of(const std::string& name, std::vector<FamilyScore>& families) {
  for (FamilyScore& family : families) {
    if (family.family == name) return family;
  }
  FamilyScore family{.family = name, .count = {}, .bands = {}};
  for (std::size_t band = 0; band < kBandEnds.size(); ++band) {
    family.bands.push_back(
        {.least = band == 0 ? 0 : kBandEnds[band - 1] + 1, .most = kBandEnds[band], .count = {}});
  }
  families.push_back(std::move(family));
  return families.back();
}

std::vector<ScoredText> candidates_of(const std::vector<const world::Probe*>& probes) {
  std::vector<ScoredText> texts;
  for (const world::Probe* probe : probes) {
    for (const std::string& candidate : probe->candidates)
      texts.push_back(with_candidate(*probe, candidate));
  }
  return texts;
}

/// The outcome of one probe; `scores` are those of its candidates.
ProbeOutcome outcome_of(const world::Probe& probe, std::span<const LogProbability> scores) {
  const auto place = std::find(probe.candidates.begin(), probe.candidates.end(), probe.answer) -
                     probe.candidates.begin();
  const auto answer = static_cast<std::size_t>(place);
  double best = -std::numeric_limits<double>::infinity();
  for (std::size_t candidate = 0; candidate < scores.size(); ++candidate) {
    if (candidate != answer) best = std::max(best, scores[candidate].nats);
  }
  return {.margin = scores.size() < 2 ? 1 : scores[answer].nats - best,
          .unrestricted = scores[answer].likeliest};
}

}  // namespace

std::string band_name(const DistanceBand& band) {
  if (band.most == kBandEnds.back()) return base::concat("over ", band.least - 1);
  return base::concat(band.least, " to ", band.most);
}

AskedProbes::AskedProbes(std::vector<const world::Probe*> probes, const text::Tokenizer& tokenizer,
                         spec::TextLayout layout, const spec::ModelConfig& model)
    : probes_(std::move(probes)), texts_(candidates_of(probes_), tokenizer, layout, model) {}

std::vector<ProbeOutcome> AskedProbes::outcomes(const engine::Model& model, int threads,
                                                const predict::TokenCounter& counter) const {
  return by_probe(texts_.scores(model, threads, counter));
}

std::vector<std::vector<ProbeOutcome>> AskedProbes::outcomes_with(
    const std::vector<predict::Change>& changes, const engine::Model& model, int threads,
    const predict::TokenCounter& counter, const predict::MakeTaps& first) const {
  std::vector<std::vector<ProbeOutcome>> outcomes;
  for (const auto& scores : texts_.scores_with(changes, model, threads, counter, first))
    outcomes.push_back(by_probe(scores));
  return outcomes;
}

std::vector<ProbeOutcome> AskedProbes::by_probe(std::span<const LogProbability> scores) const {
  std::vector<ProbeOutcome> outcomes;
  for (const world::Probe* probe : probes_) {
    outcomes.push_back(outcome_of(*probe, scores.first(probe->candidates.size())));
    scores = scores.subspan(probe->candidates.size());
  }
  return outcomes;
}

std::vector<const world::Probe*> askable_probes(const std::vector<world::Probe>& probes,
                                                bool causal) {
  std::vector<const world::Probe*> asked;
  for (const world::Probe& probe : probes) {
    if (can_be_known(probe, causal)) asked.push_back(&probe);
  }
  if (asked.empty() && !probes.empty()) {
    const std::string& where = probes.front().where;
    throw base::Error(
        base::concat(where.substr(0, where.rfind(':')),
                     ": found no probe that a causal model can be asked, expected at least 1 "
                     "whose evidence comes before the answer"));
  }
  return asked;
}

std::vector<FamilyScore> score_probes(const engine::Model& model, const AskedProbes& probes,
                                      int threads, const predict::TokenCounter& counter) {
  return count_outcomes(probes, probes.outcomes(model, threads, counter));
}

std::vector<FamilyScore> count_outcomes(const AskedProbes& probes,
                                        const std::vector<ProbeOutcome>& outcomes) {
  std::vector<FamilyScore> families;
  auto outcome = outcomes.begin();
  for (const world::Probe* probe : probes.probes()) {
    FamilyScore& family = family_of(probe->family, families);
    const auto band =
        std::find_if(family.bands.begin(), family.bands.end(), [&](const DistanceBand& held) {
          return held.holds(std::min(probe->distance, kBandEnds.back()));
        });
    for (ProbeCount* count : {&family.count, &band->count}) {
      ++count->probes;
      count->correct += outcome->correct() ? 1U : 0U;
      count->unrestricted += outcome->unrestricted ? 1U : 0U;
      count->chance += 1 / static_cast<double>(probe->candidates.size());
    }
    ++outcome;
  }
  for (FamilyScore& family : families) {
    std::erase_if(family.bands, [](const DistanceBand& band) { return band.count.probes == 0; });
  }
  return families;
}

}  // namespace qkv::evaluate
