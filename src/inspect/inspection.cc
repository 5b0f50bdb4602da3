#include "inspect/inspection.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"

namespace qkv::inspect {

Inspection inspect(const checkpoint::Checkpoint& checkpoint, Passage passage) {
  const torch::NoGradGuard no_gradients;
  std::vector<std::int64_t> ids;
  for (const text::Token& token : passage.tokens) ids.push_back(token.id);
  const model::Tensor row =
      torch::tensor(ids, at::kLong).unsqueeze(0).to(checkpoint.model->device());

  Inspection inspection{.passage = std::move(passage), .taps = {}};
  const model::Pass pass{.taps = &inspection.taps, .dropout = {}, .cache = nullptr};
  const model::Tensor hidden =
      checkpoint.model->hidden({.ids = row, .positions = {}, .documents = {}}, pass);
  checkpoint.model->logits(hidden, pass);
  return inspection;
}

std::string source_line(const checkpoint::Checkpoint& checkpoint) {
  return base::concat(checkpoint::checkpoint_name(checkpoint.path), " · step ",
                      checkpoint.state.step);
}

AttentionMap attention_map(const Inspection& inspection, std::int64_t layer, std::int64_t head) {
  const model::Tensor& weights =
      inspection.taps.value(base::concat("layers.", layer, ".attention.weights"));
  require_index("head", head, weights.size(0));
  const model::Tensor chosen = weights[head].contiguous();
  const auto tokens = static_cast<std::size_t>(chosen.size(0));
  const float* values = chosen.const_data_ptr<float>();

  AttentionMap map;
  for (std::size_t query = 0; query < tokens; ++query, values += tokens) {
    map.emplace_back(values, values + tokens);
    for (const float weight : map.back()) {
      if (!std::isfinite(weight)) {
        throw base::Error(
            base::concat("layer ", layer, ", head ", head, ", token ", query, ": found ", weight,
                         " among the attention weights, expected numbers from 0 to 1"));
      }
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
