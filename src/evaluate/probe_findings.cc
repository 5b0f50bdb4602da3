#include "evaluate/probe_findings.h"

#include <algorithm>

#include "evaluate/probe_attention.h"
#include "evaluate/probe_controls.h"
#include "evaluate/probe_edges.h"
#include "model/transformer.h"

namespace qkv {
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

/// The share among the probes of a band, of those that `half` reports on.
Share share_at(const DistanceBand& band, const std::vector<ProbeReading>& probes,
               const Contrasts& contrasts, std::size_t way, Half half, double least) {
  Contrasts within;
  for (std::size_t place = 0; place < probes.size(); ++place) {
    if (is_in(half, place) && band.holds(probes[place].probe->distance))
      within.push_back({contrasts[place][way]});
  }
  return share_of(within, 0, Half::kBoth, least);
}

class Finder {
 public:
  Finder(const Checkpoint& checkpoint, const Runtime& runtime)
      : checkpoint_(checkpoint),
        runtime_(runtime),
        untrained_(checkpoint.config.model, checkpoint.tokenizer.size(), checkpoint.config.seed,
                   checkpoint.model->parameters().options()) {}

  FamilyFindings findings_of(const FamilyScore& family,
                             const std::vector<const Probe*>& probes) const {
    FamilyFindings out;
    out.family = family.family;
    std::vector<ProbeReading> readings;
    for (const Probe* probe : probes) {
      ProbeReading reading = read_probe(*probe, checkpoint_.tokenizer,
                                        checkpoint_.config.data.layout, checkpoint_.config.model);
      if (reading.is_measurable()) readings.push_back(std::move(reading));
    }
    out.measured = readings.size();
    if (readings.empty()) return out;
    look(readings, family.bands, out);
    control(readings, out);
    return out;
  }

  const Model& untrained() const { return untrained_; }

 private:
  void look(const std::vector<ProbeReading>& readings, const std::vector<DistanceBand>& bands,
            FamilyFindings& out) const {
    const AttentionContrasts attention =
        attention_contrasts(*checkpoint_.model, readings, runtime_, "attention: " + out.family);
    out.attention = best_of(attention.heads);
    out.rollout = share_of(attention.rollout, 0, Half::kBoth);

    const EdgeContrasts edges =
        edge_contrasts(*checkpoint_.model, readings, EdgeScope::kLayersAndHeads, runtime_,
                       "cutting edges: " + out.family);
    out.edges = share_of(edges.all, 0, Half::kBoth, kLeastNats);
    out.edge_layer = best_of(edges.layers, kLeastNats);
    out.edge_head = best_of(edges.heads, kLeastNats);
    for (const DistanceBand& band : bands) {
      out.bands.push_back(
          {.least = band.least,
           .attention = share_at(band, readings, attention.heads, out.attention.way, Half::kOdd, 0),
           .edges = share_at(band, readings, edges.all, 0, Half::kBoth, kLeastNats)});
    }
  }

  void control(const std::vector<ProbeReading>& readings, FamilyFindings& out) const {
    out.untrained_attention = best_of(
        attention_contrasts(untrained_, readings, runtime_, "untrained: " + out.family).heads);
    out.untrained_edges = share_of(edge_contrasts(untrained_, readings, EdgeScope::kAll, runtime_,
                                                  "cutting untrained edges: " + out.family)
                                       .all,
                                   0, Half::kBoth, kLeastNats);
    const FixedContrasts offsets = offset_contrasts(readings, checkpoint_.config.model);
    out.offset = best_of(offsets.contrasts);
    out.offset_tokens = offsets.names[out.offset.way];
    const FixedContrasts words = word_contrasts(readings, checkpoint_.config.model);
    out.word = best_of(words.contrasts);
    out.word_piece =
        checkpoint_.tokenizer.piece(static_cast<std::int32_t>(words.names[out.word.way]));
  }

  const Checkpoint& checkpoint_;
  const Runtime& runtime_;
  Transformer untrained_;
};

}  // namespace

Findings find_attention(const Checkpoint& checkpoint, const std::vector<Probe>& probes,
                        const std::vector<FamilyScore>& scores, const Runtime& runtime) {
  const Finder finder(checkpoint, runtime);
  const std::string& layout = checkpoint.config.data.layout;
  const std::vector<FamilyScore> untrained =
      evaluate_probes(finder.untrained(), checkpoint.tokenizer, layout, probes, runtime);
  Findings out{.model = checkpoint.config.model, .families = {}};
  std::vector<std::vector<const Probe*>> families;
  for (std::size_t family = 0; family < scores.size(); ++family) {
    std::vector<const Probe*>& members = families.emplace_back();
    for (const Probe* probe : askable_probes(probes, checkpoint.config.model.causal())) {
      if (probe->family == scores[family].family) members.push_back(probe);
    }
    out.families.push_back(finder.findings_of(scores[family], members));
    out.families.back().untrained_accuracy = untrained[family].count.accuracy();
  }
  const std::vector<HeadCosts> costs =
      head_costs(*checkpoint.model, checkpoint.tokenizer, layout, families, runtime);
  for (std::size_t family = 0; family < costs.size(); ++family)
    out.families[family].heads = costs[family];
  return out;
}

}  // namespace qkv
