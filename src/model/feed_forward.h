#pragma once

#include <string>

#include "config/config.h"
#include "model/linear.h"
#include "model/pass.h"

namespace qkv::model {

/// Each token separately: down(activation(up(x))) (Vaswani et al. 2017, section 3.3), where
/// activation is gelu (exact, by erf), relu, relu2 (relu squared) or silu; or down(silu(gate(x)) ·
/// up(x)) for swiglu (Shazeer 2020).
class FeedForward {
 public:
  FeedForward() = default;
  FeedForward(Parameters& parameters, const std::string& name, const config::ModelConfig& config);

  /// [batch, tokens, width] → [batch, tokens, width]. `prefix` names the taps.
  Tensor operator()(const Tensor& x, const Pass& pass, const std::string& prefix) const;

 private:
  std::string activation_;
  Linear gate_;
  Linear up_;
  Linear down_;
};

}  // namespace qkv::model
