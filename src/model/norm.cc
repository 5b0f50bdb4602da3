#include "model/norm.h"

namespace qkv::model {

Norm::Norm(const Parameters& parameters, const spec::Affine& weights, spec::Norm kind,
           double epsilon)
    : kind_(kind),
      epsilon_(epsilon),
      weight_(parameters.at(weights.weight)),
      bias_(parameters.at(weights.bias)) {}

Tensor Norm::operator()(const Tensor& x) const {
  switch (kind_) {
    case spec::Norm::kLayer:
      return at::layer_norm(x, weight_.sizes(), weight_, bias_, epsilon_);
    case spec::Norm::kRms:
      break;
  }
  return x * at::rsqrt(x.square().mean(-1, /*keepdim=*/true) + epsilon_) * weight_;
}

}  // namespace qkv::model
