#pragma once

#include <optional>

#include "train/autograd_step.h"
#include "train/kernel_step.h"

namespace qkv::tests {

/// The gradient by kernels if the config selects them, and otherwise by autograd. Throws if the
/// kernels do not support the config.
class EitherStep {
 public:
  EitherStep(const model::Model& model, const config::Config& config,
             const model::Runtime& runtime) {
    if (config.runtime.kernels == spec::Kernels::kFused) {
      if (!train::KernelStep::supports(config, runtime))
        throw std::logic_error("no kernels for it");
      kernels_.emplace(model, config, runtime);
    } else {
      autograd_.emplace(model, config, runtime);
    }
  }

  /// Stores the gradient in the weights of the model; returns the loss.
  double gradient(const train::StepBatch& batch, std::int64_t number) {
    return kernels_ ? kernels_->gradient(batch, number) : autograd_->gradient(batch, number);
  }

 private:
  std::optional<train::KernelStep> kernels_;
  std::optional<train::AutogradStep> autograd_;
};

/// A micro-batch of ids below `vocabulary`, different for each step.
inline text::Batch counted_batch(const config::Config& config, std::int64_t vocabulary,
                                 std::int64_t step) {
  text::Batch batch;
  batch.rows = config.training.batch_size;
  batch.context = config.model.context;
  for (std::int64_t place = 0; place < batch.rows * batch.context; ++place) {
    batch.inputs.push_back(static_cast<std::int32_t>((place * 7 + step * 13) % vocabulary));
    batch.targets.push_back(static_cast<std::int32_t>((place * 11 + step * 5) % vocabulary));
  }
  return batch;
}

/// The batch of a step that consists of these micro-batches.
inline train::StepBatch step_batch(std::vector<text::Batch> parts) {
  train::StepBatch batch;
  batch.parts = std::move(parts);
  for (const text::Batch& part : batch.parts) batch.predicted += train::predicted_in(part);
  return batch;
}

}  // namespace qkv::tests
