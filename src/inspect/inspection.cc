#include "inspect/inspection.h"

#include <cmath>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "engine/reader.h"
#include "inspect/ablation/ablation.h"

namespace qkv::inspect {
namespace {

/// Scores, scaled scores, masked scores and weights.
double recorded_maps(const spec::ModelConfig& model, double tokens) {
  const double kept = model.has_scores() ? 4 : 1;
  return kept * static_cast<double>(model.layers) * layer_map_numbers(model, tokens);
}

/// All arrays with one row per token.
double recorded_rows(const checkpoint::Checkpoint& checkpoint, double tokens) {
  const spec::ModelConfig& model = checkpoint.config.model;
  double widths = 3;  // input, middle, output
  if (model.has_attention()) widths += 6;
  if (model.has_feed_forward()) widths += 2;
  double layer = widths * static_cast<double>(model.width);
  if (model.has_feed_forward()) layer += static_cast<double>(model.feed_forward.width);
  return tokens *
         (static_cast<double>(model.layers) * layer + 3 * static_cast<double>(model.width) +
          static_cast<double>(checkpoint.tokenizer.size()));
}

}  // namespace

double layer_map_numbers(const spec::ModelConfig& model, double tokens) {
  return model.has_attention() ? static_cast<double>(model.heads) * tokens * tokens : 0;
}

double inspection_bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens) {
  const auto size = static_cast<double>(tokens);
  return sizeof(float) *
         (recorded_maps(checkpoint.config.model, size) + recorded_rows(checkpoint, size));
}

Inspection inspect(const checkpoint::Checkpoint& checkpoint, Passage passage) {
  Inspection inspection{.passage = std::move(passage), .taps = {}};
  engine::make_reader(*checkpoint.model)->read(ids_of(inspection.passage), &inspection.taps);
  return inspection;
}

void require_finite(double value, const char* what, const checkpoint::Checkpoint& checkpoint) {
  if (std::isfinite(value)) return;
  throw base::Error(base::concat(checkpoint.path.string(), ": found ", what, " of ", value,
                                 ", expected finite numbers: the weights are finite, but too large "
                                 "to compute with"));
}

void require_finite_logits(const Inspection& inspection, const checkpoint::Checkpoint& checkpoint) {
  for (const float logit : inspection.taps.value("logits").values)
    require_finite(logit, "a logit", checkpoint);
}

std::string source_line(const checkpoint::Checkpoint& checkpoint) {
  return source_line(checkpoint.path, checkpoint.state.step, checkpoint.model->intervention());
}

std::string source_line(const std::filesystem::path& path, std::int64_t step,
                        const engine::Intervention* made) {
  const std::string line = base::concat(checkpoint::checkpoint_name(path), " · step ", step);
  return made != nullptr ? base::concat(line, " · ", ablation_text(*made)) : line;
}

AttentionMap map_of(base::View matrix) {
  AttentionMap map;
  for (std::int64_t query = 0; query < matrix.shape[0]; ++query) {
    const std::span<const float> row = matrix[query].values();
    map.emplace_back(row.begin(), row.end());
  }
  return map;
}

AttentionMap attention_map(const Inspection& inspection, std::int64_t layer, std::int64_t head) {
  const base::Array& weights =
      inspection.taps.value(base::concat("layers.", layer, ".attention.weights"));
  require_index("head", head, weights.shape[0]);
  AttentionMap map = map_of(weights[head]);
  for (std::size_t query = 0; query < map.size(); ++query) {
    for (const float weight : map[query]) {
      if (std::isfinite(weight)) continue;
      throw base::Error(base::concat("layer ", layer, ", head ", head, ", token ", query,
                                     ": found ", weight,
                                     " among the attention weights, expected numbers from 0 to 1"));
    }
  }
  return map;
}

void require_attention(const checkpoint::Checkpoint& checkpoint) {
  if (checkpoint.config.model.has_attention()) return;
  const spec::ModelConfig& model = checkpoint.config.model;
  if (model.recurrent()) {
    throw base::Error(base::concat(
        checkpoint.path.string(), ": model.kind: found ", base::quoted(spec::name_of(model.kind)),
        ", so this model has no attention to show; expected \"transformer\""));
  }
  throw base::Error(
      base::concat(checkpoint.path.string(),
                   ": model.attention.weights: found \"none\", so this model has no attention to "
                   "show; expected softmax or uniform"));
}

void require_transformer(const checkpoint::Checkpoint& checkpoint, const char* option,
                         const char* lack) {
  const spec::ModelConfig& model = checkpoint.config.model;
  if (!model.recurrent()) return;
  throw base::Error(base::concat(checkpoint.path.string(), ": model.kind: found ",
                                 base::quoted(spec::name_of(model.kind)), ", which has no ", lack,
                                 "; expected \"transformer\" for ", option));
}

void require_index(const char* name, std::int64_t index, std::int64_t count) {
  if (index >= 0 && index < count) return;
  throw base::Error(base::concat("--", name, ": found ", index, ", expected ",
                                 count == 1 ? "0" : base::concat("0 to ", count - 1)));
}

}  // namespace qkv::inspect
