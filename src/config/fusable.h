#pragma once

#include "config/config.h"

namespace qkv::config {

/// Whether src/fused has a step for such a model: a Transformer with learned projections and
/// softmax weights (or none), heads at most 256 wide.
inline bool is_fusable(const ModelConfig& model) {
  return !model.recurrent() &&
         (model.attention.weights == "none" ||
          (model.attention.projection == "learned" && model.attention.weights == "softmax")) &&
         model.head_width() <= 256;
}

}  // namespace qkv::config
