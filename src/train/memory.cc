#include "train/memory.h"

#include <algorithm>

#include "base/parallel.h"
#include "engine/size.h"
#include "engine/training/size.h"
#include "model/device.h"
#include "predict/loss.h"
#include "spec/kernel_step.h"
#include "spec/weights.h"

namespace qkv::train {
namespace {

constexpr double kFloat = 4;

/// Numbers per token for scores, masked scores and weights; dropout makes a copy of the weights.
double scores(const spec::ModelConfig& model) {
  if (!model.has_attention()) return 0;
  return static_cast<double>(model.heads) * static_cast<double>(model.context) *
         (model.dropout > 0 ? 5 : 3);
}

/// Numbers per token that the forward pass of a layer in src/model keeps for the backward pass.
double kept_by_transformer(const spec::ModelConfig& model) {
  const auto width = static_cast<double>(model.width);
  const bool drops = model.dropout > 0;
  double layer = scores(model);
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

double tokens_of(const config::Config& config) {
  return static_cast<double>(config.training.batch_size) *
         static_cast<double>(config.model.context);
}

/// What a step by autograd keeps of a batch.
double kept_by_autograd(const config::Config& config, std::int64_t vocabulary) {
  const spec::ModelConfig& model = config.model;
  const double layer = model.recurrent() ? kept_by_recurrent(model) : kept_by_transformer(model);
  // Embedding and last norm; logits, their logarithms and their gradient.
  const double ends = static_cast<double>(model.width) * 3 + static_cast<double>(vocabulary) * 3;
  return kFloat * tokens_of(config) * (static_cast<double>(model.layers) * layer + ends);
}

/// The engine's copy of the weights, and its readers.
double validation(const config::Config& config, std::int64_t vocabulary, std::int64_t threads) {
  if (config.data.validation.empty() && config.data.validation_fraction == 0) return 0;
  // The weights are copied to be laid out: two copies for a moment.
  return kFloat * spec::count_parameters(config.model, vocabulary) +
         engine::model_bytes(config.model, vocabulary) +
         predict::score_text_bytes(config.model, vocabulary, threads);
}

}  // namespace

double estimate_memory(const config::Config& config, std::int64_t vocabulary) {
  constexpr double kBatch =
      2 * 4 * 4;  // bytes per token: this and the next; id, position, text, target
  const std::int64_t threads = base::threads_of(config.runtime.threads);
  const double weights = kFloat * spec::count_parameters(config.model, vocabulary);
  // All micro-batches of a step are drawn at once.
  const double batches =
      tokens_of(config) * static_cast<double>(config.training.accumulation) * kBatch;
  const double judged = validation(config, vocabulary, threads);
  const double kept = kept_by_autograd(config, vocabulary);
  if (config.runtime.kernels == spec::Kernels::kPlain || !spec::has_kernel_step(config.model)) {
    // Weights, their gradient and two moments. libtorch has freed what a step kept.
    return batches + 4 * weights + std::max(kept, judged);
  }
  double step =
      engine::step_bytes(config.model, config.training, vocabulary, /*bfloat16=*/false, threads);
  if (config.runtime.precision != spec::Precision::kFloat32) {
    step = std::max(step, engine::step_bytes(config.model, config.training, vocabulary,
                                             /*bfloat16=*/true, threads));
  }
  // src/model beside the kernels, in float32 and in double: three times what a plain step takes,
  // and the weights before the update, in double.
  const double definitions =
      config.runtime.kernels == spec::Kernels::kCheck ? 3 * (4 * weights + kept) + 2 * weights : 0;
  return batches + step + definitions + judged;
}

void check_run(config::Config config, const std::string& name,
               std::optional<std::int64_t> vocabulary) {
  config.runtime.device = model::device_of(config.runtime);
  config::check_config(config, name, vocabulary, estimate_memory);
}

}  // namespace qkv::train
