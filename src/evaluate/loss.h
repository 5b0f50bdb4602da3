#pragma once

#include <cstdint>
#include <optional>

#include "model/libtorch.h"
#include "model/model.h"
#include "text/batches.h"

namespace qkv::evaluate {

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

/// How well a model predicts a text.
struct Score {
  double nats = 0;               ///< the sum of −log p over all predicted tokens
  std::uint64_t tokens = 0;      ///< how many were predicted
  std::uint64_t correct = 0;     ///< how many were the model's first choice
  std::uint64_t text_bytes = 0;  ///< bytes of the original text
  text::CutDocuments cut;        ///< documents that were cut: their ends were not predicted

  double loss() const { return nats / static_cast<double>(tokens); }
  double perplexity() const;
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(tokens); }
  /// nats ÷ ln 2 ÷ bytes of the text; NaN if documents were cut, since the nats of their ends are
  /// not known.
  double bits_per_byte() const;
};

/// Measures all of `tokens`. Changes nothing: a second call gives the same result. `seed` draws the
/// masks of a masked model. Shows progress unless `label` is empty.
Score evaluate(const model::Model& model, const text::TokenFile& tokens, std::uint64_t seed,
               const model::Runtime& runtime, const std::string& label = "");

}  // namespace qkv::evaluate
