#include "inspect/inspection.h"

#include <cmath>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "engine/reader.h"

namespace qkv::inspect {

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
  return base::concat(checkpoint::checkpoint_name(checkpoint.path), " · step ",
                      checkpoint.state.step);
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

void require_index(const char* name, std::int64_t index, std::int64_t count) {
  if (index >= 0 && index < count) return;
  throw base::Error(base::concat("--", name, ": found ", index, ", expected ",
                                 count == 1 ? "0" : base::concat("0 to ", count - 1)));
}

}  // namespace qkv::inspect
