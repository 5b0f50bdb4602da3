#pragma once

#include "spec/model.h"

namespace qkv::spec {

/// Whether the engine has a training step for this model (engine/training/step.h): a Transformer
/// with learned projections and softmax weights (or none), and heads of a width up to 256.
inline bool has_kernel_step(const ModelConfig& model) {
  return !model.recurrent() &&
         (!model.has_attention() ||
          (model.has_scores() && model.attention.projection == Projection::kLearned)) &&
         model.head_width() <= 256;
}

}  // namespace qkv::spec
