#include "train/validation.h"

#include <algorithm>

#include "base/error.h"
#include "train/prediction.h"

namespace qkv::train {
namespace {

/// The number of rows in a pass: a CUDA device gains nothing from fewer tokens, but must hold their
/// logits.
std::int64_t rows_at_once(const model::Model& model) {
  constexpr std::int64_t kLogits = std::int64_t{1} << 28;  // 1 GiB of them
  const std::int64_t tokens = std::clamp<std::int64_t>(kLogits / model.vocabulary(), 2048, 16384);
  return std::max<std::int64_t>(1, tokens / model.config().context);
}

/// Adds what one pass over some rows predicts.
void add(const model::Model& model, const text::Batch& batch, predict::Score& score) {
  const Prediction prediction = predict(model, batch);
  const model::Tensor nats =
      at::cross_entropy_loss(prediction.logits, prediction.targets, {}, at::Reduction::None);
  score.nats += nats.sum(at::kDouble).item<double>();
  score.tokens += static_cast<std::uint64_t>(prediction.targets.numel());
  score.correct += static_cast<std::uint64_t>(
      (prediction.logits.argmax(-1) == prediction.targets).sum().item<std::int64_t>());
}

}  // namespace

predict::Score score_on_device(const model::Model& model, const text::TokenFile& tokens,
                               std::uint64_t seed, const model::Runtime& runtime) {
  const torch::NoGradGuard no_gradients;
  const model::Autocast autocast(runtime);
  const text::Objective objective{.causal = model.config().causal(),
                                  .vocabulary = static_cast<std::int32_t>(model.vocabulary())};
  const text::ValidationBatches batches(tokens, model.config().context, objective, seed);
  predict::Score score;
  score.text_bytes = tokens.text_bytes();
  score.cut = batches.cut();
  const std::int64_t rows = rows_at_once(model);
  for (std::uint64_t first = 0; first < batches.rows(); first += static_cast<std::uint64_t>(rows))
    add(model, batches.get(first, rows), score);
  predict::require_predictions(score);
  return score;
}

predict::Score validate(const model::Model& model, const text::TokenFile& tokens,
                        std::uint64_t seed, const model::Runtime& runtime) {
  if (!runtime.device.is_cpu()) return score_on_device(model, tokens, seed, runtime);
  const engine::Model copy(model.config(), model.vocabulary(), model.parameters().arrays());
  return predict::score_text(copy, tokens, seed, runtime.threads);
}

}  // namespace qkv::train
