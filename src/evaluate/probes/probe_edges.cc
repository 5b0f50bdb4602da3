#include "evaluate/probes/probe_edges.h"

#include <algorithm>

#include "inspect/edges/intervention.h"
#include "predict/changes.h"

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

/// The edges from the query tokens to a span, cut in a place, of a text whose first tokens are not
/// read again.
inspect::Cut cut_of(const ProbeReading& probe, std::size_t span, inspect::Cut place,
                    std::int64_t kept) {
  for (const std::int64_t query : probe.query) {
    if (query >= kept) place.queries.push_back(query - kept);
  }
  place.keys = probe.spans[span];
  return place;
}

/// Each of a probe's spans cut in each place.
std::vector<predict::Change> changes_of(const ProbeReading& probe,
                                        const std::vector<inspect::Cut>& places) {
  const std::int64_t first = *std::min_element(probe.query.begin(), probe.query.end());
  std::vector<predict::Change> changes;
  for (const inspect::Cut& place : places) {
    for (std::size_t span = 0; span < probe.spans.size(); ++span) {
      changes.push_back({.first = {engine::Tap::kWeights, place.layer.value_or(0)},
                         .token = first,
                         .make_taps = [&, span](std::int64_t kept) {
                           return std::make_unique<inspect::EdgeCutter>(
                               cut_of(probe, span, place, kept));
                         }});
    }
  }
  return changes;
}

/// The contrasts of one probe, one place after the other. `scores` are those of the probe as it is
/// and with each change.
std::vector<Contrast> contrasts_of(const ProbeReading& probe, std::size_t places,
                                   const std::vector<predict::TargetScore>& scores) {
  auto next = scores.begin();
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

EdgeContrasts edge_contrasts(const engine::Model& model, const std::vector<ProbeReading>& probes,
                             EdgeScope scope, int threads, const predict::TokenCounter& counter) {
  const std::vector<inspect::Cut> places = places_to_cut(model.config(), scope);
  std::vector<predict::ScoredRow> rows;
  rows.reserve(probes.size());
  for (const ProbeReading& probe : probes) rows.push_back(probe.reading.row());
  const auto scores = predict::score_changes(
      model, rows, threads, [&](std::size_t probe) { return changes_of(probes[probe], places); },
      counter);

  EdgeContrasts out;
  for (std::size_t probe = 0; probe < probes.size(); ++probe) {
    const std::vector<Contrast> found = contrasts_of(probes[probe], places.size(), scores[probe]);
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
