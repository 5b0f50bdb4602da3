#pragma once

#include "train/optimizer.h"
#include "train/step.h"

namespace qkv::train {

/// A step through src/model, by libtorch's autograd. It works for every model and device, and the
/// other steps are tested against it.
class AutogradStep : public Step {
 public:
  AutogradStep(const model::Model& model, const config::Config& config,
               const model::Runtime& runtime);

  void begin(const StepBatch& batch, std::int64_t number) override;
  Result finish() override { return result_; }
  model::NamedTensors moments() const override { return optimizer_.moments(); }
  base::Parts seconds() const override;

  /// The first half of a step: stores the gradient in the weights of the model and returns the
  /// loss.
  double gradient(const StepBatch& batch, std::int64_t number);
  /// The second half: updates the weights and returns the norm of the gradient.
  double update(std::int64_t number);

 private:
  enum class Work { kForward, kBackward, kUpdate, kElse, kCount };

  const model::Model& model_;
  config::Config config_;
  model::Runtime runtime_;
  Optimizer optimizer_;
  base::PhaseClock<Work> clock_{Work::kElse};
  Result result_{};
};

}  // namespace qkv::train
