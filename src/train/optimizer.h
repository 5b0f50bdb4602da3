#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"
#include "model/parameters.h"

namespace qkv::train {

/// AdamW with gradient clipping; only matrices decay, not norms and biases. With optimizer muon:
/// Muon for the matrices inside the layers, AdamW for all other weights.
class Optimizer {
 public:
  Optimizer(const model::Parameters& parameters, const config::TrainingConfig& config);

  /// Scales all gradients so that their common norm is at most gradient_clip, makes update number
  /// `step` (from 1) and clears the gradients. Returns the norm before clipping. If it is not
  /// finite, nothing is updated.
  double update(std::int64_t step);

  /// The same without waiting for the weights' device: the learning rate, the step and the returned
  /// norm are float32 scalars there, and so is the loss, which must also be finite for an update.
  model::Tensor update(const model::Tensor& learning_rate, const model::Tensor& step,
                       const model::Tensor& loss);

  /// The moments, as "first_moment.NAME" and "second_moment.NAME" (Muon has no second ones).
  model::NamedTensors moments() const { return moments_; }

 private:
  /// Weights with the same decay.
  struct Group {
    double weight_decay = 0;
    std::vector<model::Tensor> weights;
    std::vector<model::Tensor> first_moments;
    std::vector<model::Tensor> second_moments;
  };

  config::TrainingConfig config_;
  Group muon_;  ///< empty with optimizer adamw; has no second moments
  Group matrices_;
  Group vectors_;
  std::vector<model::Tensor> weights_;
  model::NamedTensors moments_;
};

}  // namespace qkv::train
