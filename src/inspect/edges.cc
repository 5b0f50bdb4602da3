#include "inspect/edges.h"

#include "base/error.h"
#include "base/format.h"
#include "inspect/inspection.h"

namespace qkv::inspect {
namespace {

/// The cuts of single edges, and where the effect of each is written.
struct EdgeCuts {
  std::vector<Cut> cuts;
  std::vector<float*> effects;
};

/// Adds every edge that can matter, cut as `scope` says. `effects` [query, key].
void add_edges(const spec::ModelConfig& config, std::int64_t place, const Cut& scope,
               model::Tensor effects, EdgeCuts& out) {
  const std::int64_t tokens = effects.size(0);
  const bool last_layer_alone = scope.layer.value_or(0) == config.layers - 1;
  for (std::int64_t query = 0; query < tokens; ++query) {
    if ((config.causal() && query > place) || (last_layer_alone && query != place)) continue;
    for (std::int64_t key = 0; key < (config.causal() ? query + 1 : tokens); ++key) {
      Cut cut = scope;
      cut.queries = {query};
      cut.keys = {key};
      out.cuts.push_back(std::move(cut));
      out.effects.push_back(effects.data_ptr<float>() + query * tokens + key);
    }
  }
}

EdgeCuts all_edges(const spec::ModelConfig& config, std::int64_t place,
                   const EdgeEffects& effects) {
  EdgeCuts out;
  add_edges(config, place, {}, effects.all, out);
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    Cut scope{.queries = {}, .keys = {}, .layer = layer, .head = {}};
    add_edges(config, place, scope, effects.layers[layer], out);
    for (std::int64_t head = 0; head < config.heads; ++head) {
      scope.head = head;
      add_edges(config, place, scope, effects.heads[layer][head], out);
    }
  }
  return out;
}

}  // namespace

EdgeEffects edge_effects(const model::Model& model, std::span<const std::int32_t> ids,
                         const Target& target, const model::Runtime& runtime,
                         const std::string& label) {
  const spec::ModelConfig& config = model.config();
  const auto tokens = static_cast<std::int64_t>(ids.size());
  if (!config.has_attention())
    throw base::Error(
        "edges: found a model without attention, expected softmax or uniform weights");
  if (target.place < 0 || target.place >= tokens) {
    throw base::Error(
        base::concat("edges: found token ", target.place, ", expected one of ", tokens, " tokens"));
  }
  EdgeEffects effects{.log_probability = 0,
                      .all = torch::zeros({tokens, tokens}),
                      .layers = torch::zeros({config.layers, tokens, tokens}),
                      .heads = torch::zeros({config.layers, config.heads, tokens, tokens})};
  EdgeCuts edges = all_edges(config, target.place, effects);
  edges.cuts.emplace_back();  // the text as it is
  EdgeCutter cutter(edges.cuts);
  const ScoredRow row{.ids = ids, .targets = {&target, 1}};
  const std::vector<ScoredRow> rows(edges.cuts.size(), row);
  const std::vector<TargetScore> scores =
      score_rows(model, rows, runtime, token_progress(label, token_count(rows)), &cutter);
  effects.log_probability = scores.back().nats;
  for (std::size_t edge = 0; edge < edges.effects.size(); ++edge) {
    *edges.effects[edge] = static_cast<float>(effects.log_probability - scores[edge].nats);
  }
  return effects;
}

}  // namespace qkv::inspect
