#pragma once

#include "model/parameters.h"

namespace qkv::model {

/// Scales each token's vector to a common size:
///   layer  (x − mean) / √(variance + ε) · w + b  (Ba et al. 2016)
///   rms    x / √(mean(x²) + ε) · w               (Zhang and Sennrich 2019)
class Norm {
 public:
  Norm() = default;
  Norm(const Parameters& parameters, const spec::Affine& weights, spec::Norm kind, double epsilon);
  /// Of the kind of the config.
  Norm(const Parameters& parameters, const spec::Affine& weights, const spec::ModelConfig& config)
      : Norm(parameters, weights, config.norm, config.norm_epsilon) {}

  /// [..., width] → [..., width]
  Tensor operator()(const Tensor& x) const;

 private:
  spec::Norm kind_ = spec::Norm::kLayer;
  double epsilon_ = 0;
  Tensor weight_;
  Tensor bias_;
};

}  // namespace qkv::model
