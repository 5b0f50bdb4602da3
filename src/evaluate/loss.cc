#include "evaluate/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "base/error.h"
#include "base/progress.h"

namespace qkv {
namespace {

Tensor matrix(const std::vector<std::int32_t>& values, const Batch& batch, at::Device device) {
  // from_blob only reads; the conversion copies.
  auto* data = const_cast<std::int32_t*>(values.data());
  return torch::from_blob(data, {batch.rows, batch.context}, at::kInt).to(device, at::kLong);
}

/// So many rows go through the model at once that a pass holds about this many tokens.
constexpr std::int64_t kTokensAtOnce = 8192;

}  // namespace

Tokens to_tokens(const Batch& batch, at::Device device) {
  Tokens tokens{.ids = matrix(batch.inputs, batch, device), .positions = {}, .documents = {}};
  if (!batch.documents.empty()) {
    tokens.positions = matrix(batch.positions, batch, device);
    tokens.documents = matrix(batch.documents, batch, device);
  }
  return tokens;
}

Prediction predict(const Model& model, const Batch& batch, const Pass& pass) {
  Tensor hidden = model.hidden(to_tokens(batch, model.device()), pass).flatten(0, 1);
  Tensor targets = matrix(batch.targets, batch, model.device()).flatten();
  if (std::find(batch.targets.begin(), batch.targets.end(), Batch::kIgnored) !=
      batch.targets.end()) {
    const Tensor predicted = at::nonzero(targets != Batch::kIgnored).flatten();
    hidden = hidden.index_select(0, predicted);
    targets = targets.index_select(0, predicted);
  }
  return {.logits = model.logits(hidden, pass).to(at::kFloat), .targets = targets};
}

double Score::perplexity() const { return std::exp(loss()); }

double Score::bits_per_byte() const {
  if (cut_documents > 0) return std::numeric_limits<double>::quiet_NaN();
  return nats / std::numbers::ln2 / static_cast<double>(text_bytes);
}

Score evaluate(const Model& model, const TokenFile& tokens, std::uint64_t seed,
               const Runtime& runtime, const std::string& label) {
  const torch::NoGradGuard no_gradients;
  const Autocast autocast(runtime);
  const ModelConfig& config = model.config();
  const Objective objective{.causal = config.causal(),
                            .vocabulary = static_cast<std::int32_t>(model.vocabulary())};
  const ValidationBatches batches(tokens, config.context, objective, seed);
  const std::int64_t rows = std::max<std::int64_t>(1, kTokensAtOnce / config.context);

  std::optional<Progress> progress;
  if (!label.empty()) progress.emplace(label, "rows", batches.rows());
  Score score;
  score.text_bytes = tokens.text_bytes();
  score.cut_documents = batches.cut_documents();
  for (std::uint64_t first = 0; first < batches.rows(); first += static_cast<std::uint64_t>(rows)) {
    const Prediction prediction = predict(model, batches.get(first, rows));
    const Tensor nats =
        at::cross_entropy_loss(prediction.logits, prediction.targets, {}, at::Reduction::None);
    score.nats += nats.sum(at::kDouble).item<double>();
    score.tokens += static_cast<std::uint64_t>(prediction.targets.numel());
    score.correct += static_cast<std::uint64_t>(
        (prediction.logits.argmax(-1) == prediction.targets).sum().item<std::int64_t>());
    if (progress) progress->update(first);
  }
  if (score.tokens == 0)
    throw Error("the text to evaluate holds no token to predict; expected at least one");
  return score;
}

}  // namespace qkv
