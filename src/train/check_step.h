#pragma once

#include <memory>

#include "train/autograd_step.h"
#include "train/kernel_step.h"

namespace qkv::train {

/// The kernels beside their definition (runtime.kernels: "check"). The run is that of KernelStep,
/// to the bit. In the
/// first steps after a start or resume, and in every hundredth, gradient and update are also
/// computed through src/model, in double and in the precision of the run. The distance of the
/// kernels' result from the one in double must be explained by rounding: it may be a few times that
/// of src/model in the same precision. Otherwise, the step throws Error (Fault::kRun) with the
/// weight and the distance.
class CheckStep : public Step {
 public:
  static constexpr int kFirst = 3;             ///< steps that are checked after a start or resume
  static constexpr std::int64_t kEvery = 100;  ///< after that, each step that this divides

  /// REQUIRES KernelStep::supports(config, runtime). The definition is that of `model`, the kernels
  /// read config.model.
  CheckStep(const model::Model& model, const config::Config& config, const model::Runtime& runtime);

  void begin(const StepBatch& batch, std::int64_t number) override;
  Result finish() override { return result_; }
  model::NamedTensors moments() const override { return kernels_.moments(); }
  base::Parts seconds() const override;

 private:
  /// src/model with the state of the run, in one precision.
  struct Definition {
    Definition(const model::Model& model, const config::Config& config,
               const model::Runtime& runtime, at::ScalarType type);
    /// Copies weights and moments of the run.
    void follow(const model::Model& run, const model::NamedTensors& moments);

    std::unique_ptr<model::Model> model;
    AutogradStep step;
  };

  enum class Work { kKernels, kCheck, kElse, kCount };

  void check_gradient(const StepBatch& batch, std::int64_t number);
  /// Also of the moments and the norm.
  void check_update(std::int64_t number);

  const model::Model& model_;
  config::Config config_;
  bool bfloat16_;
  KernelStep kernels_;
  Definition exact_;  ///< in double
  Definition plain_;  ///< in the precision of the run
  base::PhaseClock<Work> clock_{Work::kElse};
  int made_ = 0;  ///< steps by this object
  Result result_{};
};

}  // namespace qkv::train
