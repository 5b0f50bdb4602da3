#include "evaluate/probes/probe_controls.h"

#include <map>
#include <set>

namespace qkv::evaluate {
namespace {

/// Calls `name_of(query, key)` for each open pair of a query token and a token of a span, and
/// counts for each name how often it leads to each span, as a mean over the query tokens.
template <typename NameOf>
Contrasts span_weights(const std::vector<ProbeReading>& probes,
                       const std::vector<std::int64_t>& names, bool causal, NameOf&& name_of) {
  std::map<std::int64_t, std::size_t> ways;
  for (const std::int64_t name : names) ways.emplace(name, ways.size());
  Contrasts contrasts;
  for (const ProbeReading& probe : probes) {
    const double share = 1 / static_cast<double>(probe.query.size());
    std::vector<std::vector<double>> weights(names.size(), std::vector<double>(probe.spans.size()));
    for (std::size_t span = 0; span < probe.spans.size(); ++span) {
      for (const std::int64_t key : probe.spans[span]) {
        for (const std::int64_t query : probe.query) {
          if (causal && key > query) continue;
          const auto way = ways.find(name_of(probe, query, key));
          if (way != ways.end()) weights[way->second][span] += share;
        }
      }
    }
    std::vector<Contrast>& row = contrasts.emplace_back();
    for (const std::vector<double>& spans : weights) row.push_back(contrast_of(spans));
  }
  return contrasts;
}

}  // namespace

FixedContrasts offset_contrasts(const std::vector<ProbeReading>& probes,
                                const spec::ModelConfig& model) {
  FixedContrasts out;
  for (std::int64_t offset = 1; offset <= model.context; ++offset) out.names.push_back(offset);
  if (!model.causal()) {
    for (std::int64_t offset = 1; offset <= model.context; ++offset) out.names.push_back(-offset);
  }
  out.contrasts = span_weights(probes, out.names, model.causal(),
                               [](const ProbeReading& /*probe*/, std::int64_t query,
                                  std::int64_t key) { return query - key; });
  return out;
}

FixedContrasts word_contrasts(const std::vector<ProbeReading>& probes,
                              const spec::ModelConfig& model) {
  std::set<std::int64_t> pieces;
  for (const ProbeReading& probe : probes)
    pieces.insert(probe.reading.ids.begin(), probe.reading.ids.end());
  FixedContrasts out;
  out.names.assign(pieces.begin(), pieces.end());
  out.contrasts =
      span_weights(probes, out.names, model.causal(),
                   [](const ProbeReading& probe, std::int64_t /*query*/, std::int64_t key) {
                     return std::int64_t{probe.reading.ids[static_cast<std::size_t>(key)]};
                   });
  return out;
}

}  // namespace qkv::evaluate
