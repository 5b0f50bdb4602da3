#pragma once

#include <string>

#include "model/linear.h"
#include "model/pass.h"

namespace qkv::model {

/// Each token separately: down(activation(up(x))) (Vaswani et al. 2017, section 3.3), where
/// activation is gelu (exact, by erf), relu, relu2 (relu squared) or silu; or down(silu(gate(x)) ·
/// up(x)) for swiglu (Shazeer 2020).
class FeedForward {
 public:
  FeedForward() = default;
  FeedForward(const Parameters& parameters, const spec::LayerWeights& weights,
              const spec::ModelConfig& config);

  /// [batch, tokens, width] → [batch, tokens, width]. `prefix` names the taps.
  Tensor operator()(const Tensor& x, const Pass& pass, const std::string& prefix) const;

 private:
  spec::Activation activation_ = spec::Activation::kNone;
  Linear gate_;
  Linear up_;
  Linear down_;
};

}  // namespace qkv::model
