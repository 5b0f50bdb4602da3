#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/phase_clock.h"
#include "base/team.h"
#include "engine/training/layout.h"
#include "kernels/arena.h"
#include "kernels/bfloat16.h"
#include "kernels/position_tables.h"
#include "spec/training.h"

namespace qkv::engine {

/// Rows of tokens of a micro-batch, each array [rows, context] in row order.
struct TrainingBatch {
  std::int64_t first_row = 0;  ///< index of its first row in the step's batch
  std::int64_t rows = 0;
  std::int64_t context = 0;
  const std::int32_t* inputs = nullptr;     ///< ids
  const std::int32_t* targets = nullptr;    ///< ids, negative where nothing is predicted
  const std::int32_t* positions = nullptr;  ///< null: 0 … context − 1 in each row
  /// Equal numbers side by side belong to one document, whose tokens attend to each other; null:
  /// each row is one.
  const std::int32_t* documents = nullptr;
};

/// The training step of a Transformer without libtorch. The rows of a batch are cut into slices,
/// one per thread. Each thread computes the forward and backward pass of its slice with
/// single-threaded kernels, and the gradients are summed in the order of the threads. The gradients
/// are those of the formulas in src/model (tests compare them), and sums are in float32; with
/// `bfloat16`, the inputs of products and attention are rounded to it.
///
/// A result depends on weights, batch, number of threads and the processor's instruction set, not
/// on timing. After the first steps with a batch's shape, a step allocates no array of the size of
/// the data.
class TrainingStep {
 public:
  /// Whether the config can be trained this way: spec::has_kernel_step, and for bfloat16,
  /// kernels::Products::has_bfloat16.
  static bool supports(const spec::ModelConfig& config, bool bfloat16);

  /// `rows` is the number of rows in a micro-batch. Throws Error (Fault::kRun) if the system does
  /// not have this many threads left.
  TrainingStep(const spec::ModelConfig& config, std::int64_t vocabulary, std::int64_t rows,
               std::uint64_t seed, bool bfloat16, int threads);
  ~TrainingStep();

  const WeightLayout& layout() const { return layout_; }
  /// Weights and, after gather(), their gradient: arrays of layout().size().
  float* weights() { return weights_.data(); }
  float* gradient() { return gradient_.data(); }
  base::Team& team() { return team_; }

  /// Reads the weights again: call it before the first run() after they changed.
  void take_weights();

  /// Forward and backward pass of a micro-batch of step number `step` (which is part of the key of
  /// dropout). Returns the sum of −log p over its targets; the threads keep its gradient, divided
  /// by `predicted`.
  double run(const TrainingBatch& batch, std::uint64_t step, std::uint64_t predicted);

  /// Sums what the threads kept since the last call into gradient(); returns its norm.
  double gather();

  /// The time of the phases so far (products, attention and so on), as a mean over all threads,
  /// without waiting.
  base::Parts seconds() const;

 private:
  struct Slice;
  template <typename T>
  double run_slice(int thread, const TrainingBatch& batch, std::uint64_t step, float scale);

  bool bfloat16_;
  WeightLayout layout_;
  kernels::PositionTables tables_;
  kernels::Arena memory_;
  std::span<float> weights_;
  std::span<float> gradient_;
  std::span<kernels::Bfloat16> rounded_weights_;
  std::int64_t most_rows_;  ///< rows in a pass of one thread
  base::Team team_;
  std::vector<std::unique_ptr<Slice>> slices_;  ///< one per thread
};

}  // namespace qkv::engine
