#include "model/norm.h"

namespace qkv::model {

Norm::Norm(Parameters& parameters, const std::string& name, const config::ModelConfig& config)
    : rms_(config.norm == "rms"),
      epsilon_(config.norm_epsilon),
      weight_(parameters.constant(name + ".weight", {config.width}, 1.0)),
      bias_(config.bias && !rms_ ? parameters.constant(name + ".bias", {config.width}, 0.0)
                                 : Tensor()) {}

Tensor Norm::operator()(const Tensor& x) const {
  if (!rms_) return at::layer_norm(x, weight_.sizes(), weight_, bias_, epsilon_);
  return x * at::rsqrt(x.square().mean(-1, /*keepdim=*/true) + epsilon_) * weight_;
}

}  // namespace qkv::model
