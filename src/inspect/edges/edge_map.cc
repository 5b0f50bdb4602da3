#include "inspect/edges/edge_map.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/format.h"
#include "base/utf8.h"
#include "inspect/artefacts/describe.h"
#include "inspect/fillings.h"
#include "inspect/vocabulary.h"

namespace qkv::inspect {
namespace {

std::int64_t place_of(const Passage& passage, bool causal) {
  return answering_token(passage, causal, "--edges", "in the text, expected exactly one");
}

predict::Target target_of(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection) {
  const bool causal = checkpoint.config.model.causal();
  const std::int64_t place = place_of(inspection.passage, causal);
  if (!causal) {
    const auto mask = static_cast<std::size_t>(place);
    return {.place = place,
            .piece = fillings(inspection, checkpoint.tokenizer, mask, 1).front().id};
  }
  const std::span<const float> logits = inspection.taps.value("logits")[place].values();
  const auto likeliest = std::max_element(logits.begin(), logits.end());
  return {.place = place, .piece = static_cast<std::int32_t>(likeliest - logits.begin())};
}

/// Draws a text's maps for one checkpoint.
class EdgePictures {
 public:
  EdgePictures(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection, EdgeMap map)
      : model_(checkpoint.config.model),
        map_(std::move(map)),
        labels_(token_labels(inspection.passage, checkpoint.tokenizer)),
        title_(base::concat("What “", piece_word(checkpoint.tokenizer, map_.target.piece),
                            "” (p = ", base::fixed(map_.probability, 2), ") is predicted from")),
        subtitle_(base::replace_invalid_utf8(source_line(checkpoint))) {
    const HeadPlace place = costliest_head(map_.effects);
    attention_ = named(base::concat("Attention of layer ", place.layer, ", head ", place.head));
    attention_.weights = attention_map(inspection, place.layer, place.head);
  }

  /// Of all edges, beside the attention of the head that matters most.
  void draw_all(const std::filesystem::path& path, render::PictureFormat format) const {
    const render::Heatmap all =
        effects("Effect: cut in all heads of all layers", map_.effects.all.view());
    render::draw_heatmap_grid({attention_, all}, 2, title_, subtitle_, path, format);
  }

  /// Of the edges of each head.
  void draw_heads(const std::filesystem::path& path, render::PictureFormat format) const {
    std::vector<render::Heatmap> heads;
    for (std::int64_t layer = 0; layer < model_.layers; ++layer) {
      for (std::int64_t head = 0; head < model_.heads; ++head)
        heads.push_back(effects(base::concat("Layer ", layer, ", head ", head),
                                map_.effects.heads[layer][head]));
    }
    render::draw_heatmap_grid(heads, static_cast<int>(model_.heads),
                              title_ + ": each head cut by itself", subtitle_, path, format);
  }

 private:
  render::Heatmap named(const std::string& title) const {
    render::Heatmap map;
    map.title = title;
    map.query_labels = map.key_labels = labels_;
    map.causal = model_.causal();
    return map;
  }

  render::Heatmap effects(const std::string& title, base::View values) const {
    render::Heatmap map = named(title);
    map.weights = map_of(values);
    map.legend = "what the edge adds to log p (nats)";
    map.has_sign = true;
    return map;
  }

  const spec::ModelConfig& model_;
  const EdgeMap map_;
  std::vector<std::string> labels_;
  std::string title_;
  std::string subtitle_;
  render::Heatmap attention_;
};

}  // namespace

HeadPlace costliest_head(const EdgeEffects& effects) {
  HeadPlace costliest;
  float most = 0;
  for (std::int64_t layer = 0; layer < effects.heads.shape[0]; ++layer) {
    for (std::int64_t head = 0; head < effects.heads.shape[1]; ++head) {
      const std::span<const float> nats = effects.heads[layer][head].values();
      const float cost = *std::max_element(nats.begin(), nats.end());
      if (cost <= most) continue;
      most = cost;
      costliest = {.layer = layer, .head = head};
    }
  }
  return costliest;
}

EdgeMap edge_map(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                 int threads) {
  require_attention(checkpoint);
  const predict::Target target = target_of(checkpoint, inspection);
  EdgeMap map{.target = target, .probability = 0, .effects = {}};
  map.effects =
      edge_effects(*checkpoint.model, ids_of(inspection.passage), target, threads, "cutting edges");
  map.probability = std::exp(map.effects.log_probability);
  return map;
}

std::string edges_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       const EdgeMap& map) {
  const base::Json prediction = {{"token", map.target.place},
                                 {"id", map.target.piece},
                                 {"piece", checkpoint.tokenizer.piece(map.target.piece)},
                                 {"probability", map.probability},
                                 {"log_probability", map.effects.log_probability}};
  return describe_source(checkpoint, inspection.passage) +
         ",\n  \"prediction\": " + prediction.dump() +
         ",\n  \"nats\": " + matrix_json(map.effects.all.view(), "  ") +
         ",\n  \"layers\": " + layers_json("nats", map.effects.layers, map.effects.heads) + "\n}\n";
}

void EdgeAnalysis::require_possible(const checkpoint::Checkpoint& checkpoint,
                                    const Passage& passage, bool draws) const {
  require_attention(checkpoint);
  const spec::ModelConfig& model = checkpoint.config.model;
  place_of(passage, model.causal());
  if (!draws) return;
  const std::size_t tokens = passage.tokens.size();
  render::require_size(tokens, static_cast<std::size_t>(model.layers * model.heads),
                       static_cast<int>(model.heads), true);
  render::require_size(tokens, 2, 2, true);  // attention beside its effect
}

// Each edge is removed in all heads, in those of a layer, and in one.
double EdgeAnalysis::bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
                           int threads) const {
  const spec::ModelConfig& model = checkpoint.config.model;
  const auto count = static_cast<double>(tokens);
  constexpr double kFloat = 4;
  constexpr double kCut = 150;    // a removed edge, its row and its score, in lists that grow
  constexpr double kDigits = 42;  // of an effect in edges.json, in a text that grows
  const double maps = 1 + static_cast<double>(model.layers * (1 + model.heads));
  const double cells = count * count;
  const double edges = model.causal() ? (cells + count) / 2 : cells;
  const double inputs = static_cast<double>(model.layers * model.width) * count;
  return maps * cells * (2 * kFloat + kDigits) + edges * kCut +
         threads * (kFloat * inputs + predict::scorer_bytes(model, checkpoint.tokenizer.size(),
                                                            {.tokens = tokens, .taps = true}));
}

Finding EdgeAnalysis::find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                           int threads) const {
  const EdgeMap map = edge_map(checkpoint, inspection, threads);
  const auto pictures = std::make_shared<EdgePictures>(checkpoint, inspection, map);
  const auto drawing = [&pictures](auto draw) {
    return [pictures, draw](const auto& path, auto format) { (*pictures.*draw)(path, format); };
  };
  return {.text = "",
          .json = edges_json(checkpoint, inspection, map),
          .pictures = {{"edges", drawing(&EdgePictures::draw_all)},
                       {"edges-heads", drawing(&EdgePictures::draw_heads)}}};
}

}  // namespace qkv::inspect
