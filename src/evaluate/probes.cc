#include "evaluate/probes.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/format.h"

namespace qkv {
namespace {

constexpr std::array<std::size_t, 6> kBandEnds = {5, 10, 25, 50, 100, 1'000'000};

ScoredText with_candidate(const Probe& probe, const std::string& candidate) {
  std::string text = probe.text;
  text.replace(probe.predict.begin, probe.predict.end - probe.predict.begin, candidate);
  return {
      .text = std::move(text),
      .where = probe.where,
      .scored = Span{.begin = probe.predict.begin, .end = probe.predict.begin + candidate.size()}};
}

bool can_be_known(const Probe& probe, bool causal) {
  return !causal || std::any_of(probe.truth.begin(), probe.truth.end(), [&](const Span& truth) {
    return truth.begin < probe.predict.begin;
  });
}

std::size_t band_of(std::size_t distance) {
  return static_cast<std::size_t>(
      std::lower_bound(kBandEnds.begin(), kBandEnds.end() - 1, distance) - kBandEnds.begin());
}

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

}  // namespace

std::string band_name(const DistanceBand& band) {
  if (band.most == kBandEnds.back()) return concat("over ", band.least - 1);
  return concat(band.least, " to ", band.most);
}

std::vector<FamilyScore> evaluate_probes(const Model& model, const Tokenizer& tokenizer,
                                         const std::string& layout,
                                         const std::vector<Probe>& probes, const Runtime& runtime) {
  std::vector<const Probe*> asked;
  std::vector<ScoredText> texts;
  for (const Probe& probe : probes) {
    if (!can_be_known(probe, model.config().causal())) continue;
    asked.push_back(&probe);
    for (const std::string& candidate : probe.candidates)
      texts.push_back(with_candidate(probe, candidate));
  }
  const std::vector<LogProbability> scores =
      log_probabilities(model, tokenizer, layout, texts, runtime);

  std::vector<FamilyScore> families;
  auto next = scores.begin();
  for (const Probe* probe : asked) {
    const auto end = next + static_cast<std::ptrdiff_t>(probe->candidates.size());
    const auto answer =
        next + (std::find(probe->candidates.begin(), probe->candidates.end(), probe->answer) -
                probe->candidates.begin());
    // A tie is no answer.
    const bool correct = std::count_if(next, end, [&](const LogProbability& score) {
                           return score.nats >= answer->nats;
                         }) == 1;
    FamilyScore& family = family_of(probe->family, families);
    for (ProbeCount* count : {&family.count, &family.bands[band_of(probe->distance)].count}) {
      ++count->probes;
      count->correct += correct ? 1U : 0U;
      count->unrestricted += answer->likeliest ? 1U : 0U;
      count->chance += 1 / static_cast<double>(probe->candidates.size());
    }
    next = end;
  }
  for (FamilyScore& family : families) {
    std::erase_if(family.bands, [](const DistanceBand& band) { return band.count.probes == 0; });
  }
  return families;
}

}  // namespace qkv
