#pragma once

#include <memory>
#include <string>

#include "fused/step.h"
#include "fused/update.h"
#include "train/gradients.h"

namespace qkv::train {

/// Gradients and updates by kernels of qkv's own (src/fused) instead of libtorch's autograd through
/// src/model. Weights, gradient and moments stand in its arrays; the model's tensors become views
/// of them, so it must outlive every use of the model.
class FusedTraining : public Gradients {
 public:
  /// Takes the model's weights over.
  FusedTraining(const model::Model& model, const config::Config& config,
                const model::Runtime& runtime);

  double make(const std::vector<text::Batch>& batches, std::uint64_t step,
              std::uint64_t predicted) override;

  base::Parts seconds() const override { return step_.seconds(); }

  /// Of what make() left.
  double gradient_norm() const { return norm_; }
  /// Update number `step`, with the gradient times `scale`.
  void update(std::int64_t step, double learning_rate, double scale);

  /// Views of the moments of the weight with this name, all 0 at first.
  model::Tensor first_moment(const std::string& name);
  model::Tensor second_moment(const std::string& name);

 private:
  fused::FusedStep step_;
  fused::FusedUpdate update_;
  double norm_ = 0;
};

/// Where runtime.kernels asks for it, the model is on the CPU and the kernels know its kind; else
/// nothing.
std::unique_ptr<FusedTraining> fused_training(const model::Model& model,
                                              const config::Config& config,
                                              const model::Runtime& runtime);

}  // namespace qkv::train
