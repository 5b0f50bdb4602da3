#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/team.h"
#include "engine/training/layout.h"
#include "kernels/arena.h"
#include "spec/training.h"

namespace qkv::engine {

/// The optimizer's update (described in train/optimizer.h) over flat arrays: one pass over weights,
/// gradient and moments, shared by the team's members. The
/// result does not depend on their number.
class TrainingUpdate {
 public:
  /// `bfloat16`: the products of Muon's iteration use rounded numbers, as its authors' do.
  TrainingUpdate(const WeightLayout& layout, const spec::TrainingConfig& config, bool bfloat16,
                 base::Team& team);
  ~TrainingUpdate();

  /// Arrays with the layout of the weights. Muon's matrices have no second moments.
  float* first_moments() { return first_.data(); }
  float* second_moments() { return second_.data(); }

  /// Update number `step` (from 1) with `learning_rate` and the gradient multiplied by
  /// `gradient_scale`.
  void update(std::int64_t step, double learning_rate, double gradient_scale, const float* gradient,
              float* weights);

 private:
  struct Part {
    std::int64_t begin, size;
    double weight_decay;
  };
  struct Muon;

  template <typename T>
  void orthogonalise(Muon& muon, const WeightLayout::Place& place) const;
  void update_matrix(Muon& muon, const WeightLayout::Place& place, double learning_rate,
                     double gradient_scale, const float* gradient, float* weights);

  spec::TrainingConfig config_;
  bool bfloat16_;
  base::Team& team_;
  std::vector<Part> parts_;                    ///< AdamW's, in pieces
  std::vector<WeightLayout::Place> matrices_;  ///< Muon's
  kernels::Arena memory_;
  std::span<float> first_;
  std::span<float> second_;
  std::vector<std::unique_ptr<Muon>> muon_;  ///< one per thread
};

}  // namespace qkv::engine
