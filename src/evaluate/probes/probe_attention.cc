#include "evaluate/probes/probe_attention.h"

#include <algorithm>

#include "inspect/rollout.h"

namespace qkv::evaluate {
namespace {

/// Measures the weights from the query tokens to the spans of one probe.
class SpanWatcher : public engine::Taps {
 public:
  SpanWatcher(const ProbeReading& probe, std::int64_t layers, std::vector<Contrast>& heads,
              std::vector<Contrast>& rollout)
      : probe_(probe), layers_(layers), heads_(heads), rollout_(rollout) {}

  bool wants(const engine::TapPlace& place) const override {
    return place.tap == engine::Tap::kWeights;
  }
  void see(const engine::TapPlace& place, base::MutableView value) override {
    for (std::int64_t head = 0; head < value.shape[0]; ++head)
      heads_.push_back(contrast_in(value[head]));
    base::Array& kept =
        weights_.emplace_back(std::vector<std::int64_t>(value.shape.begin(), value.shape.end()));
    std::copy(value.values().begin(), value.values().end(), kept.values.begin());
    if (place.layer == layers_ - 1)
      rollout_.push_back(contrast_in(inspect::attention_rollout(weights_).view()));
  }

 private:
  /// `weights` [query, key].
  Contrast contrast_in(base::View weights) const {
    std::vector<double> means;
    for (const std::vector<std::int64_t>& span : probe_.spans) {
      double sum = 0;
      for (const std::int64_t query : probe_.query) {
        for (const std::int64_t key : span) sum += static_cast<double>(*weights[query][key].data);
      }
      means.push_back(sum / static_cast<double>(probe_.query.size()));
    }
    return contrast_of(means);
  }

  const ProbeReading& probe_;
  std::int64_t layers_;
  std::vector<Contrast>& heads_;
  std::vector<Contrast>& rollout_;
  std::vector<base::Array> weights_;  ///< of each layer, [heads, query, key]
};

}  // namespace

AttentionContrasts attention_contrasts(const engine::Model& model,
                                       const std::vector<ProbeReading>& probes, int threads,
                                       const predict::TokenCounter& counter) {
  std::vector<predict::ScoredRow> rows;
  rows.reserve(probes.size());
  for (const ProbeReading& probe : probes)
    rows.push_back({.ids = probe.reading.ids, .targets = {}});
  AttentionContrasts found{.heads = Contrasts(probes.size()), .rollout = Contrasts(probes.size())};
  predict::score_rows(model, rows, threads, counter, [&](std::size_t probe) {
    return std::make_unique<SpanWatcher>(probes[probe], model.config().layers, found.heads[probe],
                                         found.rollout[probe]);
  });
  return found;
}

std::size_t head_number(const inspect::HeadPlace& place, const spec::ModelConfig& model) {
  return static_cast<std::size_t>(place.layer * model.heads + place.head);
}

inspect::HeadPlace head_place(std::size_t number, const spec::ModelConfig& model) {
  const auto place = static_cast<std::int64_t>(number);
  return {.layer = place / model.heads, .head = place % model.heads};
}

}  // namespace qkv::evaluate
