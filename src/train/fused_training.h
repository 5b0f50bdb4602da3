#pragma once

#include <memory>
#include <string>

#include "fused/step.h"
#include "fused/update.h"
#include "train/gradients.h"

namespace qkv::train {

/// Gradients and updates by qkv's own kernels (src/fused) instead of libtorch's autograd through
/// src/model. Weights, gradient and moments are in its arrays; the model's tensors become views of
/// them, so it must outlive every use of the model.
class FusedTraining : public Gradients {
 public:
  /// Takes over the model's weights.
  FusedTraining(const model::Model& model, const config::Config& config,
                const model::Runtime& runtime);

  double make(const std::vector<text::Batch>& batches, std::uint64_t step,
              std::uint64_t predicted) override;

  base::Parts seconds() const override { return step_.seconds(); }

  /// The gradient that make() left.
  double gradient_norm() const { return norm_; }
  /// Update number `step`, with the gradient multiplied by `scale`.
  void update(std::int64_t step, double learning_rate, double scale);

  /// Views of the moments of the weight with this name, initially all 0.
  model::Tensor first_moment(const std::string& name);
  model::Tensor second_moment(const std::string& name);

 private:
  fused::FusedStep step_;
  fused::FusedUpdate update_;
  double norm_ = 0;
};

/// Returns one if runtime.kernels asks for it, the model is on the CPU and the kernels support its
/// kind; otherwise nothing.
std::unique_ptr<FusedTraining> fused_training(const model::Model& model,
                                              const config::Config& config,
                                              const model::Runtime& runtime);

}  // namespace qkv::train
