#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/phase_clock.h"
#include "config/config.h"
#include "model/libtorch.h"
#include "model/model.h"
#include "text/batches.h"

namespace qkv::train {

/// The number of targets in a batch.
std::uint64_t predicted_in(const text::Batch& batch);

/// Computes the gradient of a step's loss: the mean of −log p over all targets of its
/// micro-batches, however they are split.
class Gradients {
 public:
  virtual ~Gradients() = default;

  /// Stores the gradient with the model's weights and returns the loss in nats. `step` is the
  /// step's number from 0, which together with a row's index in it identifies dropouts; `predicted`
  /// is the total number of targets.
  virtual double make(const std::vector<text::Batch>& batches, std::uint64_t step,
                      std::uint64_t predicted) = 0;

  /// The phases of its time so far: names and seconds.
  virtual base::Parts seconds() const = 0;
};

/// By libtorch's autograd through src/model. The model must outlive it.
std::unique_ptr<Gradients> plain_gradients(const model::Model& model, const config::Config& config,
                                           const model::Runtime& runtime);

}  // namespace qkv::train
