#pragma once

#include <string>

#include "model/parameters.h"

namespace qkv {

/// y = x Wᵀ + b, with W of shape [out, in].
struct Linear {
  Linear() = default;
  Linear(Parameters& parameters, const std::string& name, std::int64_t in, std::int64_t out,
         bool with_bias, double deviation)
      : weight(parameters.normal(name + ".weight", {out, in}, deviation)),
        bias(with_bias ? parameters.constant(name + ".bias", {out}, 0.0) : Tensor()) {}

  /// [..., in] → [..., out]
  Tensor operator()(const Tensor& x) const { return at::linear(x, weight, bias); }

  Tensor weight;
  Tensor bias;
};

/// The deviation of GPT-2's initial weights (Radford et al. 2019), and of those that write into the
/// residual stream, which 2·layers sub-layers add up to.
constexpr double kInitialDeviation = 0.02;
double residual_deviation(std::int64_t layers);

}  // namespace qkv
