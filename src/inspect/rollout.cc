#include "inspect/rollout.h"

#include "base/error.h"

namespace qkv::inspect {

model::Tensor attention_rollout(const std::vector<model::Tensor>& weights) {
  if (weights.empty()) throw base::Error("rollout: found no layer, expected at least one");
  const std::int64_t tokens = weights.front().size(-1);
  const model::Tensor same = torch::eye(tokens, weights.front().options());
  model::Tensor rolled = same;
  for (const model::Tensor& layer : weights) {
    model::require_shape(layer, {weights.front().size(0), -1, tokens, tokens},
                         "attention weights [batch, heads, query, key]");
    rolled = at::matmul(0.5 * layer.mean(1) + 0.5 * same, rolled);
  }
  return rolled;
}

}  // namespace qkv::inspect
