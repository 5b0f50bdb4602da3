#include "engine/training/size.h"

#include <algorithm>

#include "engine/training/prediction.h"
#include "spec/weights.h"

namespace qkv::engine {
namespace {

/// The most tokens in a pass (but at least one row): more would not make the products faster, and
/// the values between them would no longer fit the nearer caches.
constexpr std::int64_t kTokensAtOnce = 1024;

constexpr double kFloatBytes = sizeof(float);

std::int64_t ceiling(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// The bytes that a pass (TransformerPass) keeps for each token. `number`: those of an input of
/// products.
double bytes_of_a_token(const spec::ModelConfig& config, double number) {
  const auto width = static_cast<double>(config.width);
  const auto hidden = static_cast<double>(config.feed_forward.width);
  const double heads = width + 2 * static_cast<double>(config.key_value_heads) *
                                   static_cast<double>(config.head_width());
  const double norm = width * (kFloatBytes + number);
  double layer = 0;
  if (config.has_attention())
    layer += norm + (heads + width) * number + static_cast<double>(config.heads) * kFloatBytes;
  // Queries, keys and values before they are normed or mixed.
  if (config.attention.query_key_norm || config.attention.value_residual) layer += heads * number;
  if (config.has_feed_forward())
    layer += norm + hidden * (config.feed_forward.gated() ? 3 : 2) * number;
  // The embeddings, the gradient of the residual stream, a sub-layer's output; and gradients.
  const double shared =
      3 * width * kFloatBytes + (2 * width + std::max(heads, 2 * hidden) + 2 * hidden) * number;
  return shared + static_cast<double>(config.layers) * layer + norm;
}

/// The memory of a thread for making a matrix orthogonal.
double muon_bytes(const spec::ModelConfig& config, bool bfloat16) {
  const auto width = static_cast<double>(config.width);
  const auto hidden =
      config.has_feed_forward() ? static_cast<double>(config.feed_forward.width) : 0;
  const double largest = width * std::max(width, hidden);
  const double square = width * width;
  return 2 * kFloatBytes * (largest + square) + (bfloat16 ? 2 * (largest + square) : 0);
}

}  // namespace

std::int64_t rows_in_a_pass(const spec::ModelConfig& config, std::int64_t rows,
                            std::int64_t threads) {
  const std::int64_t rows_a_thread = ceiling(rows, std::min(threads, rows));
  const std::int64_t whole = std::max<std::int64_t>(1, kTokensAtOnce / config.context);
  // The passes of a thread are of similar size.
  return ceiling(rows_a_thread, ceiling(rows_a_thread, whole));
}

double step_bytes(const spec::ModelConfig& config, const spec::TrainingConfig& training,
                  std::int64_t vocabulary, bool bfloat16, std::int64_t threads) {
  const double number = bfloat16 ? 2 : kFloatBytes;
  const double weights = spec::count_parameters(config, vocabulary);
  const std::int64_t rows = training.batch_size;
  const auto slices = static_cast<double>(std::min(threads, rows));
  const double tokens = static_cast<double>(rows_in_a_pass(config, rows, threads)) *
                        static_cast<double>(config.context);
  // Of some rows at a time: inputs and their gradients, logits and theirs.
  const double prediction = static_cast<double>(PredictionPass<float>::kRows) *
                            (2 * static_cast<double>(config.width) * number +
                             static_cast<double>(vocabulary) * (kFloatBytes + number));
  double slice = weights * kFloatBytes + tokens * bytes_of_a_token(config, number) + prediction;
  if (training.optimizer == spec::Optimizer::kMuon) slice += muon_bytes(config, bfloat16);
  // Weights, their gradient and two moments; the weights in bfloat16.
  return weights * (4 * kFloatBytes + (bfloat16 ? 2 : 0)) + slices * slice;
}

}  // namespace qkv::engine
