#include "inspect/edges/edges.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "predict/layer_inputs.h"

namespace qkv::inspect {
namespace {

struct Edge {
  std::int64_t query = 0;
  std::int64_t key = 0;
};

/// The edges whose cuts can matter to the output of the token `place`; of the last layer, only this
/// token's.
std::vector<Edge> edges_of(const spec::ModelConfig& config, std::int64_t tokens, std::int64_t place,
                           bool of_last_layer) {
  const std::int64_t begin = of_last_layer ? place : 0;
  const std::int64_t end = of_last_layer || config.causal() ? place + 1 : tokens;
  std::vector<Edge> edges;
  for (std::int64_t query = begin; query < end; ++query) {
    for (std::int64_t key = 0; key < (config.causal() ? query + 1 : tokens); ++key)
      edges.push_back({.query = query, .key = key});
  }
  return edges;
}

/// Where each edge is cut.
struct Scope {
  std::optional<std::int64_t> layer;
  std::optional<std::int64_t> head;
  base::MutableView effects;  ///< [query, key]
};

std::vector<Scope> scopes_of(const spec::ModelConfig& config, EdgeEffects& effects) {
  std::vector<Scope> scopes = {{.layer = {}, .head = {}, .effects = effects.all.view()}};
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    scopes.push_back({.layer = layer, .head = {}, .effects = effects.layers[layer]});
    for (std::int64_t head = 0; head < config.heads; ++head)
      scopes.push_back({.layer = layer, .head = head, .effects = effects.heads[layer][head]});
  }
  return scopes;
}

/// Cuts the edges of one text, which has one target.
class EdgeCuts {
 public:
  EdgeCuts(const engine::Model& model, const predict::ScoredRow& row, int threads)
      : model_(model),
        config_(model.config()),
        row_(row),
        threads_(threads),
        inputs_(config_.layers) {
    const auto tokens = static_cast<std::int64_t>(row.ids.size());
    const std::int64_t place = row.targets.front().place;
    edges_ = edges_of(config_, tokens, place, /*of_last_layer=*/false);
    edges_of_last_layer_ = edges_of(config_, tokens, place, /*of_last_layer=*/true);
    predict::TargetScore score;
    predict::Scorer(model).score(row, &inputs_, {&score, 1});
    uncut_ = score.nats;
  }

  /// log p with all edges.
  double uncut() const { return uncut_; }

  std::size_t tokens_to_read(const std::vector<Scope>& scopes) const {
    std::size_t cuts = 0;
    for (const Scope& scope : scopes) cuts += edges(scope).size();
    return cuts * row_.ids.size();
  }

  /// What comes before the first layer with a cut is not computed again.
  void fill(const Scope& scope, const predict::TokenCounter& counter) const {
    const std::vector<Edge>& all = edges(scope);
    predict::ScoredRow row = row_;
    row.from_layer = scope.layer.value_or(0);
    row.x = inputs_.of(row.from_layer);
    const auto scores = predict::score_rows(
        model_, std::vector(all.size(), row), threads_, counter, [&](std::size_t edge) {
          return std::make_unique<EdgeCutter>(Cut{.queries = {all[edge].query},
                                                  .keys = {all[edge].key},
                                                  .layer = scope.layer,
                                                  .head = scope.head});
        });
    for (std::size_t edge = 0; edge < all.size(); ++edge) {
      scope.effects[all[edge].query].data[all[edge].key] =
          static_cast<float>(uncut_ - scores[edge].nats);
    }
  }

 private:
  const std::vector<Edge>& edges(const Scope& scope) const {
    const bool last_layer_alone = scope.layer.value_or(0) == config_.layers - 1;
    return last_layer_alone ? edges_of_last_layer_ : edges_;
  }

  const engine::Model& model_;
  const spec::ModelConfig& config_;
  predict::ScoredRow row_;
  int threads_;
  predict::LayerInputs inputs_;
  std::vector<Edge> edges_;
  std::vector<Edge> edges_of_last_layer_;
  double uncut_ = 0;
};

}  // namespace

EdgeEffects edge_effects(const engine::Model& model, std::span<const std::int32_t> ids,
                         const predict::Target& target, int threads, const std::string& label) {
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
                      .all = base::Array({tokens, tokens}),
                      .layers = base::Array({config.layers, tokens, tokens}),
                      .heads = base::Array({config.layers, config.heads, tokens, tokens})};
  const EdgeCuts cuts(model, {.ids = ids, .targets = {&target, 1}}, threads);
  effects.log_probability = cuts.uncut();
  const std::vector<Scope> scopes = scopes_of(config, effects);
  const auto counter = predict::token_progress(label, cuts.tokens_to_read(scopes));
  for (const Scope& scope : scopes) cuts.fill(scope, counter);
  return effects;
}

}  // namespace qkv::inspect
