#pragma once

#include <string>

#include "config/config.h"
#include "model/parameters.h"

namespace qkv::model {

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

/// The initial standard deviation of weights that write into the residual stream, to which 2·layers
/// sub-layers add (Radford et al. 2019).
double residual_deviation(const config::ModelConfig& config);

}  // namespace qkv::model
