#include "evaluate/loss.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <numbers>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/progress.h"

namespace qkv::evaluate {
namespace {

model::Tensor matrix(const std::vector<std::int32_t>& values, const text::Batch& batch,
                     at::Device device) {
  // from_blob only reads; the conversion copies.
  auto* data = const_cast<std::int32_t*>(values.data());
  return torch::from_blob(data, {batch.rows, batch.context}, at::kInt).to(device, at::kLong);
}

/// The number of rows in a pass, so that it holds about this many tokens: enough for fast products,
/// and few enough that the output of one layer is still in the cache when the next one reads it. A
/// CUDA device gains nothing from fewer, but must hold their logits.
std::int64_t tokens_at_once(at::Device device, std::int64_t vocabulary) {
  constexpr std::int64_t kLogits = std::int64_t{1} << 28;  // 1 GiB of them
  return device.is_cpu() ? 2048 : std::clamp<std::int64_t>(kLogits / vocabulary, 2048, 16384);
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

namespace {

/// What one pass over some rows adds to a score.
Score score_of(const model::Model& model, const text::Batch& batch) {
  const Prediction prediction = predict(model, batch);
  const model::Tensor nats =
      at::cross_entropy_loss(prediction.logits, prediction.targets, {}, at::Reduction::None);
  Score score;
  score.nats = nats.sum(at::kDouble).item<double>();
  score.tokens = static_cast<std::uint64_t>(prediction.targets.numel());
  score.correct = static_cast<std::uint64_t>(
      (prediction.logits.argmax(-1) == prediction.targets).sum().item<std::int64_t>());
  return score;
}

}  // namespace

double Score::perplexity() const { return std::exp(loss()); }

double Score::bits_per_byte() const {
  if (cut.count > 0) return std::numeric_limits<double>::quiet_NaN();
  return nats / std::numbers::ln2 / static_cast<double>(text_bytes);
}

Score evaluate(const model::Model& model, const text::TokenFile& tokens, std::uint64_t seed,
               const model::Runtime& runtime, const std::string& label) {
  const spec::ModelConfig& config = model.config();
  const text::Objective objective{.causal = config.causal(),
                                  .vocabulary = static_cast<std::int32_t>(model.vocabulary())};
  const text::ValidationBatches batches(tokens, config.context, objective, seed);
  const std::int64_t rows = std::max<std::int64_t>(
      1, tokens_at_once(model.device(), model.vocabulary()) / config.context);

  std::optional<base::Progress> progress;
  if (!label.empty()) progress.emplace(label, "rows", batches.rows());
  Score score;
  score.text_bytes = tokens.text_bytes();
  score.cut = batches.cut();
  const auto all = static_cast<std::int64_t>(batches.rows());
  const auto count = static_cast<std::size_t>((all + rows - 1) / rows);
  std::vector<Score> parts(count);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::uint64_t done = 0;
  // Each thread processes one part after the other under its own autocast, which keeps the weights
  // in bfloat16 meanwhile.
  const std::size_t threads = std::min(count, static_cast<std::size_t>(runtime.threads));
  model::for_each_side_by_side(threads, runtime, [&](std::size_t) {
    const torch::NoGradGuard no_gradients;
    const model::Autocast autocast(runtime);
    for (std::size_t part = next++; part < count; part = next++) {
      parts[part] = score_of(model, batches.get(part * static_cast<std::uint64_t>(rows), rows));
      const std::lock_guard lock(mutex);
      done = std::min(done + static_cast<std::uint64_t>(rows), batches.rows());
      if (progress) progress->update(done);
    }
  });
  for (const Score& part : parts) {
    score.nats += part.nats;
    score.tokens += part.tokens;
    score.correct += part.correct;
  }
  if (score.tokens == 0)
    throw base::Error("the text to evaluate holds no token to predict; expected at least one");
  return score;
}

}  // namespace qkv::evaluate
