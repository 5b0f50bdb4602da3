#pragma once

#include <vector>

#include "model/tensor.h"

namespace qkv::train {

/// Approximately the matrix nearest to `matrix` [..., rows, columns] whose singular values are all
/// equal: five quintic Newton–Schulz steps move those above 1/1000 of the norm to between 0.7 and
/// 1.2 (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks").
model::Tensor orthogonalised(const model::Tensor& matrix);

/// One step of Muon (Jordan et al. 2024) on matrices [out, in], in place:
///
///   m ← μ·m + (1 − μ)·g
///   w ← w − rate·weight_decay·w − rate · √max(1, out / in) · orthogonalised((1 − μ)·g + μ·m)
///
/// with μ = 0.95. Every direction of a matrix moves equally fast, even one that few tokens need.
/// Values that change from step to step are scalars on the weights' device.
struct MuonStep {
  model::Tensor learning_rate;
  model::Tensor divisor;  ///< every gradient is divided by it first
  model::Tensor finite;   ///< if it is false, nothing is updated
  double weight_decay;
};
void muon_step(const std::vector<model::Tensor>& weights,
               const std::vector<model::Tensor>& gradients,
               const std::vector<model::Tensor>& moments, const MuonStep& options);

}  // namespace qkv::train
