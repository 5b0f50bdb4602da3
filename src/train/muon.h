#pragma once

#include <vector>

#include "model/tensor.h"

namespace qkv::train {

/// The matrix nearest to `matrix` [..., rows, columns] whose singular values are all alike, about:
/// five quintic Newton–Schulz steps bring those above 1/1000 of the norm into 0.7 to 1.2 (Jordan et
/// al. 2024, "Muon: an optimizer for hidden layers in neural networks").
model::Tensor orthogonalised(const model::Tensor& matrix);

/// One step of Muon (Jordan et al. 2024) on matrices [out, in], in place:
///
///   m ← μ·m + (1 − μ)·g
///   w ← w − rate·weight_decay·w − rate · √max(1, out / in) · orthogonalised((1 − μ)·g + μ·m)
///
/// with μ = 0.95. Every direction of a matrix moves as fast as every other, also those that few
/// tokens ask for. What changes from step to step are scalars on the weights' device.
struct MuonStep {
  model::Tensor learning_rate;
  model::Tensor divisor;  ///< every gradient is divided by it first
  model::Tensor finite;   ///< where it is false, nothing is updated
  double weight_decay;
};
void muon_step(const std::vector<model::Tensor>& weights,
               const std::vector<model::Tensor>& gradients,
               const std::vector<model::Tensor>& moments, const MuonStep& options);

}  // namespace qkv::train
