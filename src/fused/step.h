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
#include "text/batches.h"

namespace qkv::fused {

/// The training step of a Transformer without libtorch: the rows of a batch are cut into slices,
/// one a thread; each thread goes forward and backward through its own with single-threaded
/// kernels, and the gradients are summed in the order of the threads. Gradients are those of
/// src/model's formulas (tests hold them against it), sums are in float32; with `bfloat16` what
/// products and attention take is rounded to that.
///
/// A result depends on weights, batch, number of threads and the processor's instruction set, not
/// on timing. No array of the size of the data is allocated in a step after the first ones of a
/// batch's shape.
class FusedStep {
 public:
  /// Whether the config can be trained so: is_fusable, and bfloat16 where the processor has
  /// AVX-512.
  static bool supports(const config::ModelConfig& config, bool bfloat16);

  /// `rows` is a micro-batch's.
  FusedStep(const config::ModelConfig& config, std::int64_t vocabulary, std::int64_t rows,
            std::uint64_t seed, bool bfloat16, int threads);
  ~FusedStep();

  const WeightLayout& layout() const { return layout_; }
  /// Weights and, after gather(), their gradient: arrays of layout().size().
  float* weights() { return weights_.data(); }
  float* gradient() { return gradient_.data(); }
  kernels::Workers& workers() { return workers_; }

  /// Reads the weights anew: to be called before the first run() after they changed.
  void take_weights();

  /// Forward and backward through a micro-batch of step number `step` (which names its dropouts).
  /// Returns the sum of −log p over what it predicts; its gradient, divided by `predicted`, is kept
  /// by the threads.
  double run(const text::Batch& batch, std::uint64_t step, std::uint64_t predicted);

  /// Sums what the threads kept since the last time into gradient(); returns its norm.
  double gather();

  /// What a thread has spent so far on products, attention and so on, in the mean of all threads;
  /// what it waited is not in it.
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
  std::int64_t most_rows_;  ///< that go through a thread's pass at once
  kernels::Workers workers_;
  std::vector<std::unique_ptr<Slice>> slices_;  ///< one a thread
};

}  // namespace qkv::fused
