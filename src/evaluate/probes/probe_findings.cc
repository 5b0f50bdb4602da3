#include "evaluate/probes/probe_findings.h"

#include <algorithm>
#include <cmath>

#include "evaluate/probes/probe_attention.h"
#include "evaluate/probes/probe_controls.h"
#include "evaluate/probes/probe_edges.h"
#include "evaluate/run_start.h"
#include "inspect/inspection.h"

namespace qkv::evaluate {
namespace {

using Best = FamilyFindings::Best;
using Band = FamilyFindings::Band;

/// Chosen on one half, reported on the other.
Best best_of(const Contrasts& contrasts, double least = 0) {
  Best best{.way = best_way(contrasts, Half::kEven, least), .share = {}, .all = {}};
  best.share = share_of(contrasts, best.way, Half::kOdd, least);
  for (std::size_t way = 0; way < contrasts.front().size(); ++way)
    best.all.push_back(share_of(contrasts, way, Half::kOdd, least).share);
  return best;
}

/// The share among the probes of a band that belong to `half`.
Share share_at(const DistanceBand& band, const std::vector<ProbeReading>& probes,
               const Contrasts& contrasts, std::size_t way, Half half, double least) {
  Contrasts within;
  for (std::size_t place = 0; place < probes.size(); ++place) {
    if (is_in(half, place) && band.holds(probes[place].probe->distance))
      within.push_back({contrasts[place][way]});
  }
  return share_of(within, 0, Half::kBoth, least);
}

/// The probes of each family, in the order in which the families first appear.
std::vector<std::vector<const world::Probe*>> by_family(
    const std::vector<const world::Probe*>& probes) {
  std::vector<std::vector<const world::Probe*>> families;
  for (const world::Probe* probe : probes) {
    const auto known = std::find_if(families.begin(), families.end(), [&](const auto& family) {
      return family.front()->family == probe->family;
    });
    if (known == families.end()) {
      families.push_back({probe});
    } else {
      known->push_back(probe);
    }
  }
  return families;
}

}  // namespace

bool FamilyFindings::map_is_trustworthy() const {
  constexpr double kNear = 0.1;
  const Share& looks = attention.share;
  const bool apart =
      looks.interval.low > edges.interval.high || edges.interval.low > looks.interval.high;
  return !(apart && std::abs(looks.share - edges.share) > kNear);
}

double FamilyFindings::others_cost() const {
  double sum = 0;
  for (std::size_t head = 0; head < heads.single.size(); ++head) {
    if (head != attention.way) sum += heads.single[head];
  }
  return sum / static_cast<double>(heads.single.size() - 1);
}

const FamilyFindings* found_of(const std::optional<Findings>& findings, std::size_t family) {
  if (!findings || findings->families[family].measured == 0) return nullptr;
  return &findings->families[family];
}

ProbeStudy::ProbeStudy(const checkpoint::Checkpoint& checkpoint,
                       const std::vector<world::Probe>& probes, Scope scope, int threads)
    : checkpoint_(checkpoint),
      threads_(threads),
      asked_(askable_probes(probes, checkpoint.config.model.causal()), checkpoint.tokenizer,
             checkpoint.config.data.layout, checkpoint.config.model) {
  if (scope == Scope::kAccuracy) return;
  const config::Config& config = checkpoint.config;
  untrained_ = fresh_model(checkpoint);
  const std::vector<std::vector<const world::Probe*>> families = by_family(asked_.probes());
  for (const std::vector<const world::Probe*>& family : families) {
    Family& readings = families_.emplace_back();
    for (const world::Probe* probe : family) {
      ProbeReading reading =
          read_probe(*probe, checkpoint.tokenizer, config.data.layout, config.model);
      if (reading.is_measurable()) readings.push_back(std::move(reading));
    }
  }
  head_cost_probes_.emplace(families, checkpoint.tokenizer, config.data.layout, config.model);
}

std::size_t ProbeStudy::tokens() const {
  std::size_t tokens = asked_.tokens();
  if (!untrained_) return tokens;
  tokens += asked_.tokens();
  for (const Family& family : families_) {
    for (const ProbeReading& reading : family) tokens += 2 * reading.reading.ids.size();
    for (const EdgeScope scope : {EdgeScope::kLayersAndHeads, EdgeScope::kAll})
      tokens += edge_tokens(checkpoint_.config.model, family, scope);
  }
  return tokens + head_cost_probes_->tokens();
}

std::vector<FamilyScore> ProbeStudy::scores(const predict::TokenCounter& counter) const {
  const std::vector<ProbeOutcome> outcomes = asked_.outcomes(*checkpoint_.model, threads_, counter);
  for (const ProbeOutcome& outcome : outcomes)
    inspect::require_finite(outcome.margin, "a difference of log probabilities", checkpoint_);
  return count_outcomes(asked_, outcomes);
}

Findings ProbeStudy::findings(const std::vector<FamilyScore>& scores,
                              const predict::TokenCounter& counter) const {
  const std::vector<FamilyScore> untrained = score_probes(*untrained_, asked_, threads_, counter);
  Findings out{.model = checkpoint_.config.model, .families = {}};
  for (std::size_t family = 0; family < scores.size(); ++family) {
    out.families.push_back(findings_of(scores[family], families_[family], counter));
    out.families.back().untrained_accuracy = untrained[family].count.accuracy();
  }
  std::vector<HeadCosts> costs = head_cost_probes_->costs(*checkpoint_.model, threads_, counter);
  for (std::size_t family = 0; family < costs.size(); ++family)
    out.families[family].heads = std::move(costs[family]);
  return out;
}

FamilyFindings ProbeStudy::findings_of(const FamilyScore& score, const Family& family,
                                       const predict::TokenCounter& counter) const {
  FamilyFindings out;
  out.family = score.family;
  out.measured = family.size();
  if (family.empty()) return out;
  look(family, score.bands, counter, out);
  compare(family, counter, out);
  return out;
}

void ProbeStudy::look(const Family& family, const std::vector<DistanceBand>& bands,
                      const predict::TokenCounter& counter, FamilyFindings& out) const {
  const AttentionContrasts attention =
      attention_contrasts(*checkpoint_.model, family, threads_, counter);
  out.attention = best_of(attention.heads);
  out.rollout = share_of(attention.rollout, 0, Half::kBoth);

  const EdgeContrasts edges =
      edge_contrasts(*checkpoint_.model, family, EdgeScope::kLayersAndHeads, threads_, counter);
  out.edges = share_of(edges.all, 0, Half::kBoth, kLeastNats);
  out.edge_layer = best_of(edges.layers, kLeastNats);
  out.edge_head = best_of(edges.heads, kLeastNats);
  for (const DistanceBand& band : bands) {
    out.bands.push_back(
        {.least = band.least,
         .attention = share_at(band, family, attention.heads, out.attention.way, Half::kOdd, 0),
         .edges = share_at(band, family, edges.all, 0, Half::kBoth, kLeastNats)});
  }
}

void ProbeStudy::compare(const Family& family, const predict::TokenCounter& counter,
                         FamilyFindings& out) const {
  const spec::ModelConfig& model = checkpoint_.config.model;
  out.untrained_attention =
      best_of(attention_contrasts(*untrained_, family, threads_, counter).heads);
  out.untrained_edges =
      share_of(edge_contrasts(*untrained_, family, EdgeScope::kAll, threads_, counter).all, 0,
               Half::kBoth, kLeastNats);
  const FixedContrasts offsets = offset_contrasts(family, model);
  out.offset = best_of(offsets.contrasts);
  out.offset_tokens = offsets.names[out.offset.way];
  const FixedContrasts words = word_contrasts(family, model);
  out.word = best_of(words.contrasts);
  out.word_piece =
      checkpoint_.tokenizer.piece(static_cast<std::int32_t>(words.names[out.word.way]));
}

}  // namespace qkv::evaluate
