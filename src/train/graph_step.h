#pragma once

#include "model/device_graph.h"
#include "train/optimizer.h"
#include "train/step.h"

namespace qkv::train {

/// A step on a CUDA device as one CUDA graph: forward pass, loss, backward pass, clipping and
/// update of a Transformer through src/model. All micro-batches of a run have the same shape, so
/// one graph is enough for all steps. Positions without a target go through the output layer too:
/// to omit them, the host would have to wait for their number.
class GraphStep : public Step {
 public:
  /// Whether runtime.kernels selects it, the model is a Transformer and the device is CUDA.
  static bool supports(const config::Config& config, const model::Runtime& runtime);

  /// `eager_steps` are made before the graph is recorded.
  GraphStep(const model::Model& model, const config::Config& config, const model::Runtime& runtime,
            int eager_steps = 3);

  void begin(const StepBatch& batch, std::int64_t number) override;
  Result finish() override;
  model::NamedTensors moments() const override { return optimizer_.moments(); }
  base::Parts seconds() const override { return {}; }  // one command to the device

  bool recorded() const { return graph_.recorded(); }

 private:
  void make();
  /// The sum of the losses of a micro-batch, [arrays, rows, context] as in batches_.
  model::Tensor sum_of_losses(const model::Tensor& batch) const;

  const model::Model& model_;
  config::Config config_;
  model::Runtime runtime_;
  Optimizer optimizer_;
  // What a step reads and writes, on the device, and what is copied there.
  model::Tensor batches_;     ///< int32 [micro-batches, arrays, rows, context]
  model::Tensor numbers_;     ///< float32: learning rate, step, targets
  model::Tensor result_;      ///< float32: loss, gradient norm
  model::Tensor batches_in_;  ///< pinned, as numbers_in_
  model::Tensor numbers_in_;
  model::DeviceGraph graph_;
};

}  // namespace qkv::train
