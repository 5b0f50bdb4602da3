#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/device_graph.h"
#include "model/libtorch.h"
#include "model/model.h"
#include "text/batches.h"
#include "train/optimizer.h"

namespace qkv::train {

/// A training step on a CUDA device as one CUDA graph: forward, loss, backward, clipping and update
/// of a Transformer through src/model. All micro-batches of a run have the same shape, so one graph
/// serves all steps. Positions without a target also pass through the output layer: to omit them,
/// the host would have to wait for their number.
class CapturedStep {
 public:
  /// Returns one if runtime.kernels asks for it, the model is a Transformer and the device is CUDA.
  static bool supports(const config::Config& config, const model::Runtime& runtime);

  /// Model and optimizer must outlive it. The graph is recorded after `eager_steps`.
  CapturedStep(const model::Model& model, const config::Config& config,
               const model::Runtime& runtime, Optimizer& optimizer, int eager_steps = 3);

  /// Starts step number `step` (from 1) on its micro-batches, which contain `predicted` targets,
  /// and does not wait for it.
  void begin(const std::vector<text::Batch>& batches, std::int64_t step, std::uint64_t predicted);

  struct Result {
    double loss;           ///< of the step's batch in nats, before the update
    double gradient_norm;  ///< before clipping; if it is not finite, nothing was updated
  };
  /// Waits for the step that was started.
  Result finish();

  bool captured() const { return graph_.recorded(); }

 private:
  void make_step();
  /// The sum of the losses of a micro-batch, [arrays, rows, context] as in batches_.
  model::Tensor sum_of_losses(const model::Tensor& batch) const;

  const model::Model& model_;
  config::Config config_;
  model::Runtime runtime_;
  Optimizer& optimizer_;
  // What a step reads and writes on the device, and the host's copies.
  model::Tensor batches_;     ///< int32 [micro-batches, arrays, rows, context]
  model::Tensor numbers_;     ///< float32: learning rate, step, targets
  model::Tensor result_;      ///< float32: loss, gradient norm
  model::Tensor batches_in_;  ///< pinned, like numbers_in_
  model::Tensor numbers_in_;
  model::DeviceGraph graph_;
};

}  // namespace qkv::train
