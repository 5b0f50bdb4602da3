#include "inspect/values/values_analysis.h"

#include <algorithm>

#include "base/format.h"
#include "base/table.h"
#include "base/utf8.h"
#include "inspect/artefacts/describe.h"
#include "inspect/fillings.h"
#include "inspect/mean_attention.h"
#include "inspect/rollout.h"
#include "render/heatmap/heatmap.h"

namespace qkv::inspect {
namespace {

/// What a text's attention moves.
struct Moved {
  ValueNorms lengths;
  base::Array rollout;  ///< [query, key]
};

const base::Array& weights_of(const Inspection& inspection, std::int64_t layer) {
  return inspection.taps.value(base::concat("layers.", layer, ".attention.weights"));
}

base::Array rollout_of(const Inspection& inspection, const spec::ModelConfig& model) {
  std::vector<base::Array> weights;
  for (std::int64_t layer = 0; layer < model.layers; ++layer)
    weights.push_back(weights_of(inspection, layer));
  return attention_rollout(weights);
}

std::string values_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                        const Moved& moved) {
  return describe_source(checkpoint, inspection.passage) +
         ",\n  \"rollout\": " + matrix_json(moved.rollout.view(), "  ") +
         ",\n  \"layers\": " + layers_json("lengths", moved.lengths.layers, moved.lengths.heads) +
         "\n}\n";
}

/// The highest number of a row, and the token that has it.
struct Highest {
  std::size_t token = 0;
  float share = 0;
};

Highest highest(base::View row) {
  const auto found = std::max_element(row.values().begin(), row.values().end());
  return {.token = static_cast<std::size_t>(found - row.values().begin()), .share = *found};
}

std::string values_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                        const base::Array& shares) {
  const spec::ModelConfig& model = checkpoint.config.model;
  const std::vector<std::string> labels = token_labels(inspection.passage, checkpoint.tokenizer);
  std::string out;
  for (const std::size_t asked : asked_tokens(inspection.passage, model.causal())) {
    const auto token = static_cast<std::int64_t>(asked);
    if (!out.empty()) out += "\n";
    out += base::concat("what token ", asked, " attends to most, and what it receives most from\n");
    base::Table table({"layer", "head", "attends to", "weight", "receives from", "share"});
    for (std::int64_t layer = 0; layer < model.layers; ++layer) {
      const base::Array& weights = weights_of(inspection, layer);
      for (std::int64_t head = 0; head < model.heads; ++head) {
        const Highest seen = highest(weights[head][token]);
        const Highest moved = highest(shares[layer][head][token]);
        table.add({std::to_string(layer), std::to_string(head),
                   base::concat(seen.token, " ", labels[seen.token]), base::fixed(seen.share, 3),
                   base::concat(moved.token, " ", labels[moved.token]),
                   base::fixed(moved.share, 3)});
      }
    }
    out += table.text();
  }
  return out;
}

/// The mean over the first axis of [layer, query, key].
AttentionMap mean_of_layers(const base::Array& maps) {
  base::Array mean({maps.shape[1], maps.shape[2]});
  for (std::size_t at = 0; at < mean.values.size(); ++at) {
    double sum = 0;
    for (std::int64_t layer = 0; layer < maps.shape[0]; ++layer)
      sum += static_cast<double>(maps[layer].data[at]);
    mean.values[at] = static_cast<float>(sum / static_cast<double>(maps.shape[0]));
  }
  return map_of(mean.view());
}

/// Draws a text's maps for one checkpoint.
class ValuePictures {
 public:
  ValuePictures(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                const Moved& moved, const base::Array& shares)
      : subtitle_(base::replace_invalid_utf8(source_line(checkpoint))),
        heads_per_row_(static_cast<int>(checkpoint.config.model.heads)) {
    const spec::ModelConfig& model = checkpoint.config.model;
    const std::vector<std::string> labels = token_labels(inspection.passage, checkpoint.tokenizer);
    const auto map = [&](const std::string& title, AttentionMap weights) {
      render::Heatmap map;
      map.title = title;
      map.query_labels = map.key_labels = labels;
      map.weights = std::move(weights);
      map.causal = model.causal();
      map.legend = "share of the query's row";
      return map;
    };
    means_ = {map("Attention: mean of all heads", mean_attention(inspection, model)),
              map("Weighted by values: mean of all layers",
                  mean_of_layers(row_shares(moved.lengths.layers))),
              map("Rollout through all layers", map_of(moved.rollout.view()))};
    for (std::int64_t layer = 0; layer < model.layers; ++layer)
      for (std::int64_t head = 0; head < model.heads; ++head)
        heads_.push_back(
            map(base::concat("Layer ", layer, ", head ", head), map_of(shares[layer][head])));
  }

  void draw_means(const std::filesystem::path& path, render::PictureFormat format) const {
    render::draw_heatmap_grid(means_, 3, "What each token attends to, and what it receives",
                              subtitle_, path, format);
  }

  void draw_heads(const std::filesystem::path& path, render::PictureFormat format) const {
    render::draw_heatmap_grid(
        heads_, heads_per_row_,
        "What each head moves: attention weighted by the length of its values", subtitle_, path,
        format);
  }

 private:
  std::string subtitle_;
  int heads_per_row_;
  std::vector<render::Heatmap> means_;
  std::vector<render::Heatmap> heads_;
};

}  // namespace

void ValuesAnalysis::require_possible(const checkpoint::Checkpoint& checkpoint,
                                      const Passage& passage, bool draws) const {
  require_attention(checkpoint);
  if (!draws) return;
  const spec::ModelConfig& model = checkpoint.config.model;
  const std::size_t tokens = passage.tokens.size();
  render::require_size(tokens, 3, 3, true);
  render::require_size(tokens, static_cast<std::size_t>(model.layers * model.heads),
                       static_cast<int>(model.heads), true);
}

double ValuesAnalysis::bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
                             int /*threads*/) const {
  const spec::ModelConfig& model = checkpoint.config.model;
  const auto count = static_cast<double>(tokens);
  constexpr double kFloat = 4;
  constexpr double kDigits = 42;  // of a length in values.json, in a text that grows
  const double maps = 2 + static_cast<double>(model.layers * (1 + model.heads));
  // Lengths, shares, the copies that are drawn, and the weights once more.
  return maps * count * count * (4 * kFloat + kDigits) +
         kFloat * static_cast<double>(model.width) *
             (static_cast<double>(model.heads) * count + static_cast<double>(model.width));
}

Finding ValuesAnalysis::find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                             int /*threads*/) const {
  const Moved moved{.lengths = value_norms(*checkpoint.model, inspection.taps),
                    .rollout = rollout_of(inspection, checkpoint.config.model)};
  const base::Array shares = row_shares(moved.lengths.heads);
  const auto pictures = std::make_shared<ValuePictures>(checkpoint, inspection, moved, shares);
  return {.text = values_text(checkpoint, inspection, shares),
          .json = values_json(checkpoint, inspection, moved),
          .pictures = {{"values", [pictures](const auto& path,
                                             auto format) { pictures->draw_means(path, format); }},
                       {"values-heads", [pictures](const auto& path, auto format) {
                          pictures->draw_heads(path, format);
                        }}}};
}

}  // namespace qkv::inspect
