#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/phase_clock.h"
#include "config/config.h"
#include "fused/layout.h"
#include "kernels/bfloat16.h"
#include "kernels/buffer.h"
#include "kernels/position_tables.h"
#include "kernels/workers.h"
#include "text/batches/batches.h"

namespace qkv::fused {

/// The training step of a Transformer without libtorch. The rows of a batch are cut into slices,
/// one per thread. Each thread computes the forward and backward pass of its slice with
/// single-threaded kernels, and the gradients are summed in the order of the threads. The gradients
/// are those of the formulas in src/model (tests compare them), and sums are in float32; with
/// `bfloat16`, the inputs of products and attention are rounded to it.
///
/// A result depends on weights, batch, number of threads and the processor's instruction set, not
/// on timing. After the first steps with a batch's shape, a step allocates no array of the size of
/// the data.
class FusedStep {
 public:
  /// Whether the config can be trained this way: is_fusable, and for bfloat16, the processor has
  /// AVX-512.
  static bool supports(const spec::ModelConfig& config, bool bfloat16);

  /// `rows` is the number of rows in a micro-batch.
  FusedStep(const spec::ModelConfig& config, std::int64_t vocabulary, std::int64_t rows,
            std::uint64_t seed, bool bfloat16, int threads);
  ~FusedStep();

  const WeightLayout& layout() const { return layout_; }
  /// Weights and, after gather(), their gradient: arrays of layout().size().
  float* weights() { return weights_.data(); }
  float* gradient() { return gradient_.data(); }
  kernels::Workers& workers() { return workers_; }

  /// Reads the weights again: call it before the first run() after they changed.
  void take_weights();

  /// Forward and backward pass of a micro-batch of step number `step` (which is part of the key of
  /// dropout). Returns the sum of −log p over its targets; the threads keep its gradient, divided
  /// by `predicted`.
  double run(const text::Batch& batch, std::uint64_t step, std::uint64_t predicted);

  /// Sums what the threads kept since the last call into gradient(); returns its norm.
  double gather();

  /// The time of the phases so far (products, attention and so on), as a mean over all threads,
  /// without waiting.
  base::Parts seconds() const;

 private:
  struct Slice;
  template <typename T>
  double run_slice(int thread, const text::Batch& batch, std::uint64_t step, float scale);

  bool bfloat16_;
  WeightLayout layout_;
  kernels::PositionTables tables_;
  kernels::Buffer<float> weights_;
  kernels::Buffer<float> gradient_;
  kernels::Buffer<kernels::Bfloat16> rounded_weights_;
  std::int64_t most_rows_;  ///< rows in a pass of one thread
  kernels::Workers workers_;
  std::vector<std::unique_ptr<Slice>> slices_;  ///< one per thread
};

}  // namespace qkv::fused
