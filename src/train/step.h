#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/phase_clock.h"
#include "config/config.h"
#include "model/libtorch.h"
#include "model/model.h"
#include "text/batches/batches.h"

namespace qkv::train {

/// The number of targets of a batch that are to be predicted.
std::uint64_t predicted_in(const text::Batch& batch);

/// The batch of a step: its micro-batches, and the total number of their targets and tokens.
struct StepBatch {
  std::vector<text::Batch> parts;
  std::uint64_t predicted = 0;
  std::uint64_t tokens = 0;
};

/// A training step computes the gradient of a batch's loss, which is the mean of −log p over all
/// targets of its micro-batches, and updates the weights of the model. It holds the state of the
/// optimizer.
class Step {
 public:
  struct Result {
    double loss;           ///< in nats, before the update
    double gradient_norm;  ///< before clipping; if it is not finite, nothing was updated
  };

  virtual ~Step() = default;

  /// Begins step `number`, from 1, and may return before it is complete. The number determines the
  /// dropout masks and the learning rate.
  virtual void begin(const StepBatch& batch, std::int64_t number) = 0;
  /// Waits for the end of the step.
  virtual Result finish() = 0;

  /// The state of the optimizer, as "first_moment.NAME" and "second_moment.NAME" (Muon has no
  /// second ones). These are the tensors that the updates read and write.
  virtual model::NamedTensors moments() const = 0;

  /// How the time of all steps so far was spent: names and seconds.
  virtual base::Parts seconds() const = 0;
};

/// Throws Error if runtime.kernels is "check" and there are no kernels for this model, device and
/// precision on this processor.
void require_kernels_to_check(const config::Config& config, const model::Runtime& runtime);

/// The fastest step that runtime.kernels, the device and the model allow: a CUDA graph, the kernels
/// of src/engine/training, or libtorch's autograd through src/model. With "check", the kernels
/// beside their definition; throws Error as require_kernels_to_check does. The model must outlive
/// the step and must not be used after it: its weights may be in the step's memory.
std::unique_ptr<Step> make_step(const model::Model& model, const config::Config& config,
                                const model::Runtime& runtime);

}  // namespace qkv::train
