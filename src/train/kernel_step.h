#pragma once

#include "engine/training/step.h"
#include "engine/training/update.h"
#include "train/step.h"

namespace qkv::train {

/// A step by qkv's own kernels (src/engine/training). Weights, gradient and moments are in its
/// arrays, and the tensors of the model become views of them. It must therefore outlive every use
/// of the model.
class KernelStep : public Step {
 public:
  /// Whether runtime.kernels selects the kernels, the device is the CPU and the kernels support the
  /// model.
  static bool supports(const config::Config& config, const model::Runtime& runtime);

  /// Moves the weights of the model into its arrays.
  KernelStep(const model::Model& model, const config::Config& config,
             const model::Runtime& runtime);

  void begin(const StepBatch& batch, std::int64_t number) override;
  Result finish() override { return result_; }
  model::NamedTensors moments() const override { return moments_; }
  base::Parts seconds() const override;

  /// The two halves of a step. The first stores the gradient in the weights of the model and
  /// returns the loss. The second returns the norm of the gradient.
  double gradient(const StepBatch& batch, std::int64_t number);
  double update(std::int64_t number);

 private:
  enum class Work { kGradient, kUpdate, kElse, kCount };

  config::TrainingConfig config_;
  engine::TrainingStep step_;
  engine::TrainingUpdate update_;
  model::NamedTensors moments_;
  base::PhaseClock<Work> clock_{Work::kElse};
  double norm_ = 0;
  Result result_{};
};

}  // namespace qkv::train
