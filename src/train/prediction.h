#pragma once

#include "model/model.h"
#include "text/batches/batches.h"

namespace qkv::train {

/// A batch of plain arrays as a model reads it.
model::Tokens to_tokens(const text::Batch& batch, at::Device device);

/// The logits at the predicted positions of a batch, and the targets.
struct Prediction {
  model::Tensor
      logits;  ///< [predicted, vocabulary], in float32, or in double if the model is in double
  model::Tensor targets;  ///< int64 [predicted]
};
Prediction predict(const model::Model& model, const text::Batch& batch,
                   const model::Pass& pass = {});

}  // namespace qkv::train
