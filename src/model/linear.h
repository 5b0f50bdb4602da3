#pragma once

#include "model/parameters.h"

namespace qkv::model {

/// y = x Wᵀ + b, with W of shape [out, in].
struct Linear {
  Linear() = default;
  /// Undefined where the model has no such weights.
  Linear(const Parameters& parameters, const spec::Affine& weights)
      : weight(parameters.at(weights.weight)), bias(parameters.at(weights.bias)) {}

  /// [..., in] → [..., out]
  Tensor operator()(const Tensor& x) const { return at::linear(x, weight, bias); }

  Tensor weight;
  Tensor bias;
};

}  // namespace qkv::model
