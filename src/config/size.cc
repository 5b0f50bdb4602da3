#include <algorithm>

#include "base/parallel.h"
#include "config/config.h"
#include "spec/kernel_step.h"
#include "spec/weights.h"

namespace qkv::config {

namespace {

/// Numbers per token for scores, masked scores and weights; dropout makes a copy of the weights.
double scores(const spec::ModelConfig& model) {
  return static_cast<double>(model.heads) * static_cast<double>(model.context) *
         (model.dropout > 0 ? 5 : 3);
}

/// Numbers per token that a layer's forward pass keeps for the backward pass, besides scores.
double kept_by_transformer(const spec::ModelConfig& model) {
  const auto width = static_cast<double>(model.width);
  const bool drops = model.dropout > 0;
  double layer = 0;
  if (model.has_attention()) {
    // Norm, query, key, value, mixed, output, residual; rotation makes copies of query and key.
    layer += width * (7 + (model.position == spec::Position::kRotary ? 2 : 0) + (drops ? 1 : 0));
  }
  if (model.has_feed_forward()) {
    const double hidden = static_cast<double>(model.feed_forward.width);
    layer += width * (3 + (drops ? 1 : 0));
    layer += hidden * (model.feed_forward.gated() ? 4 : 2);
  }
  return layer;
}

double kept_by_recurrent(const spec::ModelConfig& model) {
  constexpr double kPadding = 2;  // documents of similar length: at most twice as long
  // Input, output and state; the inputs of the gates from input and state, before and after σ.
  const double kept = 6 + 3 * static_cast<double>(spec::gate_count(model.kind));
  return static_cast<double>(model.width) * (kPadding * kept + (model.dropout > 0 ? 1 : 0));
}

/// What a thread of src/evaluate needs, in numbers.
double kept_by_validation(const Config& config, std::int64_t vocabulary) {
  const spec::ModelConfig& model = config.model;
  if (config.data.validation.empty() && config.data.validation_fraction == 0) return 0;
  constexpr double kTokens = 2048;  // at once, but at least a row
  // Logits rounded, exact and as logarithms.
  double token = 2.5 * static_cast<double>(vocabulary);
  const auto context = static_cast<double>(model.context);
  if (model.has_scores()) {
    // libtorch stores no scores, but it stores a change that is added to them.
    if (model.position == spec::Position::kAlibi)
      token += static_cast<double>(model.heads) * context;
    if (config.data.layout == "lines") token += context;
  }
  return std::max(context, kTokens) * token;
}

}  // namespace

double estimate_tables(const spec::ModelConfig& model) {
  if (model.recurrent()) return 0;
  constexpr double kDouble = 8;
  const double values = static_cast<double>(model.context) * static_cast<double>(model.width);
  switch (model.position) {
    case spec::Position::kSinusoidal:
      // Half as many angles; the sine and cosine of each, then both interleaved.
      return kDouble * values * 2.5;
    case spec::Position::kRotary:
      // The same for one head, not interleaved.
      return kDouble * values / static_cast<double>(model.heads) * 1.5;
    case spec::Position::kNone:
    case spec::Position::kLearned:
    case spec::Position::kAlibi:
      break;
  }
  return 0;
}

double estimate_memory(const Config& config, std::int64_t vocabulary) {
  constexpr double kFloat = 4;
  constexpr double kBatch =
      2 * 4 * 4;                   // bytes per token: this and the next; id, position, text, target
  constexpr double kSlice = 1024;  // tokens in a pass of src/engine/training: at least one row
  const spec::ModelConfig& model = config.model;
  const auto width = static_cast<double>(model.width);
  const auto context = static_cast<double>(model.context);
  const std::int64_t threads = base::threads_of(config.runtime.threads);

  // Weights, their gradient and two moments.
  double copies = 4;
  double layer = model.recurrent() ? kept_by_recurrent(model) : kept_by_transformer(model);
  double tokens = static_cast<double>(config.training.batch_size) * context;
  // All micro-batches of a step are drawn at once.
  const double batches = tokens * static_cast<double>(config.training.accumulation) * kBatch;
  const bool fused =
      config.runtime.kernels != spec::Kernels::kPlain && spec::has_kernel_step(model);
  if (fused) {
    // A gradient for each thread that has rows, and the weights in bfloat16.
    const auto slices = static_cast<double>(std::min(threads, config.training.batch_size));
    copies += slices + (config.runtime.precision == spec::Precision::kFloat32 ? 0 : 0.5);
    // Scores are never stored. Each thread has a slice.
    tokens = std::min(tokens, slices * std::max(context, kSlice));
  } else if (model.has_attention()) {
    layer += scores(model);
  }
  // Embedding and last norm; logits, their logarithms and their gradient.
  const double ends = width * 3 + static_cast<double>(vocabulary) * 3;
  const double kept = tokens * (static_cast<double>(model.layers) * layer + ends);
  const double judged = static_cast<double>(threads) * kept_by_validation(config, vocabulary);
  double definitions = 0;
  if (config.runtime.kernels == spec::Kernels::kCheck) {
    // src/model beside the kernels, in float32 and in double: three times what a plain step takes,
    // and the weights before the update, in double.
    Config plain = config;
    plain.runtime.kernels = spec::Kernels::kPlain;
    plain.data.validation.clear();
    plain.data.validation_fraction = 0;
    definitions = 3 * (estimate_memory(plain, vocabulary) - batches) +
                  2 * kFloat * spec::count_parameters(model, vocabulary);
  }
  return definitions + batches +
         kFloat * (copies * spec::count_parameters(model, vocabulary) +
                   // libtorch has freed what a step kept.
                   (fused ? kept + judged : std::max(kept, judged)));
}

}  // namespace qkv::config
