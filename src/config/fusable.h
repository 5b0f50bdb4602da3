#pragma once

#include "config/config.h"

namespace qkv::config {

/// Whether src/fused has a step for this model: a Transformer with learned projections and softmax
/// weights (or none), and heads of a width up to 256.
inline bool is_fusable(const spec::ModelConfig& model) {
  return !model.recurrent() &&
         (!model.has_attention() ||
          (model.has_scores() && model.attention.projection == spec::Projection::kLearned)) &&
         model.head_width() <= 256;
}

}  // namespace qkv::config
