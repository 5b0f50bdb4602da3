#include "inspect/edges/edges.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "predict/changes.h"

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
      : model_(model), config_(model.config()), row_(row), threads_(threads) {
    const auto tokens = static_cast<std::int64_t>(row.ids.size());
    const std::int64_t place = row.targets.front().place;
    edges_ = edges_of(config_, tokens, place, /*of_last_layer=*/false);
    edges_of_last_layer_ = edges_of(config_, tokens, place, /*of_last_layer=*/true);
  }

  std::size_t tokens_to_read(const std::vector<Scope>& scopes) const {
    std::size_t readings = 0;
    for (const Scope& scope : scopes) {
      const std::size_t cuts = edges(scope).size();
      readings += cuts + parts_of(cuts);
    }
    return readings * row_.ids.size();
  }

  /// Fills in the scope's effects; returns log p with all edges. The edges are divided into parts,
  /// which threads read side by side. Each reads the text whole once, and then only what a cut can
  /// affect.
  double fill(const Scope& scope, const predict::TokenCounter& counter) const {
    const std::vector<Edge>& all = edges(scope);
    const std::vector<predict::ScoredRow> parts(parts_of(all.size()), row_);
    const auto scores = predict::score_changes(
        model_, parts, threads_,
        [&](std::size_t part) {
          std::vector<predict::Change> changes;
          for (std::size_t edge = part * kPart; edge < std::min((part + 1) * kPart, all.size());
               ++edge)
            changes.push_back(change_of(all[edge], scope));
          return changes;
        },
        counter);
    const double uncut = scores.front().front().nats;
    for (std::size_t edge = 0; edge < all.size(); ++edge) {
      scope.effects[all[edge].query].data[all[edge].key] =
          static_cast<float>(uncut - scores[edge / kPart][1 + edge % kPart].nats);
    }
    return uncut;
  }

 private:
  /// The edges of a part: the first reading then takes a few hundredths of the time.
  static constexpr std::size_t kPart = 64;

  static std::size_t parts_of(std::size_t edges) { return (edges + kPart - 1) / kPart; }

  static predict::Change change_of(const Edge& edge, const Scope& scope) {
    return {
        .first = {engine::Tap::kWeights, scope.layer.value_or(0)},
        .token = edge.query,
        .make_taps = [edge, layer = scope.layer, head = scope.head](std::int64_t kept) {
          return std::make_unique<EdgeCutter>(Cut{
              .queries = {edge.query - kept}, .keys = {edge.key}, .layer = layer, .head = head});
        }};
  }

  const std::vector<Edge>& edges(const Scope& scope) const {
    const bool last_layer_alone = scope.layer.value_or(0) == config_.layers - 1;
    return last_layer_alone ? edges_of_last_layer_ : edges_;
  }

  const engine::Model& model_;
  const spec::ModelConfig& config_;
  predict::ScoredRow row_;
  int threads_;
  std::vector<Edge> edges_;
  std::vector<Edge> edges_of_last_layer_;
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
  const std::vector<Scope> scopes = scopes_of(config, effects);
  const auto counter = predict::token_progress(label, cuts.tokens_to_read(scopes));
  for (const Scope& scope : scopes) effects.log_probability = cuts.fill(scope, counter);
  return effects;
}

}  // namespace qkv::inspect
