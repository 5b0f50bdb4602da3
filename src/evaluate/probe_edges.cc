#include "evaluate/probe_edges.h"

#include "inspect/intervention.h"

namespace qkv::evaluate {
namespace {

/// Where edges are cut, in the order of the measurements: everywhere, in each layer, in each head.
std::vector<inspect::Cut> places_to_cut(const spec::ModelConfig& model, EdgeScope scope) {
  std::vector<inspect::Cut> cuts(1);
  if (scope == EdgeScope::kAll) return cuts;
  for (std::int64_t layer = 0; layer < model.layers; ++layer)
    cuts.push_back({.queries = {}, .keys = {}, .layer = layer, .head = {}});
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    for (std::int64_t head = 0; head < model.heads; ++head)
      cuts.push_back({.queries = {}, .keys = {}, .layer = layer, .head = head});
  }
  return cuts;
}

/// Every probe unchanged, then with each of its spans cut in each place.
struct Trials {
  std::vector<inspect::ScoredRow> rows;
  std::vector<inspect::Cut> cuts;
};

Trials trials_of(const std::vector<ProbeReading>& probes, const std::vector<inspect::Cut>& places) {
  Trials trials;
  const auto add = [&](const ProbeReading& probe, inspect::Cut cut) {
    trials.rows.push_back(probe.reading.row());
    trials.cuts.push_back(std::move(cut));
  };
  for (const ProbeReading& probe : probes) {
    add(probe, {});
    for (const inspect::Cut& place : places) {
      for (const std::vector<std::int64_t>& span : probe.spans) {
        inspect::Cut cut = place;
        cut.queries = probe.query;
        cut.keys = span;
        add(probe, std::move(cut));
      }
    }
  }
  return trials;
}

/// The contrasts of one probe, one place after the other; reads its scores from `next`.
std::vector<Contrast> contrasts_of(const ProbeReading& probe, std::size_t places,
                                   std::vector<inspect::TargetScore>::const_iterator& next) {
  const auto nats = [&] {
    double sum = 0;
    for (std::size_t target = 0; target < probe.reading.targets.size(); ++target)
      sum += (next++)->nats;
    return sum;
  };
  const double whole = nats();
  std::vector<Contrast> contrasts;
  for (std::size_t place = 0; place < places; ++place) {
    std::vector<double> falls;
    for (std::size_t span = 0; span < probe.spans.size(); ++span) falls.push_back(whole - nats());
    contrasts.push_back(contrast_of(falls));
  }
  return contrasts;
}

}  // namespace

EdgeContrasts edge_contrasts(const model::Model& model, const std::vector<ProbeReading>& probes,
                             EdgeScope scope, const model::Runtime& runtime,
                             const inspect::TokenCounter& counter) {
  const std::vector<inspect::Cut> places = places_to_cut(model.config(), scope);
  const Trials trials = trials_of(probes, places);
  inspect::EdgeCutter cutter(trials.cuts);
  const std::vector<inspect::TargetScore> scores =
      inspect::score_rows(model, trials.rows, runtime, counter, &cutter);

  EdgeContrasts out;
  auto next = scores.begin();
  for (const ProbeReading& probe : probes) {
    const std::vector<Contrast> found = contrasts_of(probe, places.size(), next);
    out.all.push_back({found.front()});
    if (scope == EdgeScope::kAll) continue;
    const auto heads = found.begin() + 1 + model.config().layers;
    out.layers.emplace_back(found.begin() + 1, heads);
    out.heads.emplace_back(heads, found.end());
  }
  return out;
}

std::size_t edge_tokens(const spec::ModelConfig& model, const std::vector<ProbeReading>& probes,
                        EdgeScope scope) {
  const std::size_t places = places_to_cut(model, scope).size();
  std::size_t tokens = 0;
  for (const ProbeReading& probe : probes)
    tokens += probe.reading.ids.size() * (1 + places * probe.spans.size());
  return tokens;
}

}  // namespace qkv::evaluate
