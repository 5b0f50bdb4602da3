#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "config/config.h"
#include "model/parameters.h"
#include "train/fused_training.h"

namespace qkv::train {

/// AdamW with gradient clipping; only matrices decay, not norms and biases. With optimizer muon:
/// Muon for the matrices inside the layers, AdamW for all other weights.
class Optimizer {
 public:
  /// `fused`, if given, holds weights, gradients and moments and makes the updates.
  Optimizer(const model::Parameters& parameters, const config::TrainingConfig& config,
            FusedTraining* fused = nullptr);

  /// Scales all gradients so that their common norm is at most gradient_clip, makes update number
  /// `step` (from 1) and clears the gradients. Returns the norm before clipping. If it is not
  /// finite, nothing is updated.
  double update(std::int64_t step);

  /// The same without waiting for the weights' device: the learning rate, the step and the returned
  /// norm are float32 scalars there, and so is the loss, which must also be finite for an update.
  /// Not with `fused` kernels.
  model::Tensor update(const model::Tensor& learning_rate, const model::Tensor& step,
                       const model::Tensor& loss);

  /// The moments, as "first_moment.NAME" and "second_moment.NAME" (Muon has no second ones).
  checkpoint::NamedTensors moments() const;
  /// Throws Error, naming `where`, unless names and shapes are exactly those of moments().
  void load_moments(const checkpoint::NamedTensors& tensors, const std::string& where);

 private:
  /// Weights with the same decay.
  struct Group {
    double weight_decay = 0;
    std::vector<model::Tensor> weights;
    std::vector<model::Tensor> first_moments;
    std::vector<model::Tensor> second_moments;
  };

  double update_fused(std::int64_t step);

  config::TrainingConfig config_;
  FusedTraining* fused_;
  Group muon_;  ///< empty with optimizer adamw; has no second moments
  Group matrices_;
  Group vectors_;
  std::vector<model::Tensor> weights_;
  checkpoint::NamedTensors moments_;
};

}  // namespace qkv::train
