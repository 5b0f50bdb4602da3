#include "train/prediction.h"

#include <algorithm>

#include "model/libtorch.h"

namespace qkv::train {
namespace {

model::Tensor matrix(const std::vector<std::int32_t>& values, const text::Batch& batch,
                     at::Device device) {
  // from_blob only reads; the conversion copies.
  auto* data = const_cast<std::int32_t*>(values.data());
  return torch::from_blob(data, {batch.rows, batch.context}, at::kInt).to(device, at::kLong);
}

}  // namespace

model::Tokens to_tokens(const text::Batch& batch, at::Device device) {
  model::Tokens tokens{
      .ids = matrix(batch.inputs, batch, device), .positions = {}, .documents = {}};
  if (!batch.documents.empty()) {
    tokens.positions = matrix(batch.positions, batch, device);
    tokens.documents = matrix(batch.documents, batch, device);
  }
  return tokens;
}

Prediction predict(const model::Model& model, const text::Batch& batch, const model::Pass& pass) {
  model::Tensor hidden = model.hidden(to_tokens(batch, model.device()), pass).flatten(0, 1);
  model::Tensor targets = matrix(batch.targets, batch, model.device()).flatten();
  if (std::find(batch.targets.begin(), batch.targets.end(), text::Batch::kIgnored) !=
      batch.targets.end()) {
    const model::Tensor predicted = at::nonzero(targets != text::Batch::kIgnored).flatten();
    hidden = hidden.index_select(0, predicted);
    targets = targets.index_select(0, predicted);
  }
  model::Tensor logits = model.logits(hidden, pass);
  if (logits.scalar_type() == at::kBFloat16) logits = logits.to(at::kFloat);
  return {.logits = logits, .targets = targets};
}

}  // namespace qkv::train
