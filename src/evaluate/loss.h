#pragma once

#include <cstdint>
#include <optional>

#include "model/libtorch.h"
#include "model/model.h"
#include "text/batches.h"

namespace qkv::evaluate {

/// The model's view of a batch of plain arrays.
model::Tokens to_tokens(const text::Batch& batch, at::Device device);

/// The logits at the places of a batch that are predicted, and what should stand there.
struct Prediction {
  model::Tensor logits;   ///< [predicted, vocabulary], in float32, or in double if the model is
  model::Tensor targets;  ///< int64 [predicted]
};
Prediction predict(const model::Model& model, const text::Batch& batch,
                   const model::Pass& pass = {});

/// How well a model predicts a text.
struct Score {
  double nats = 0;               ///< −log p of all predicted tokens together
  std::uint64_t tokens = 0;      ///< how many were predicted
  std::uint64_t correct = 0;     ///< how many were the model's first choice
  std::uint64_t text_bytes = 0;  ///< bytes of the original text
  text::CutDocuments cut;        ///< their ends were not predicted

  double loss() const { return nats / static_cast<double>(tokens); }
  double perplexity() const;
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(tokens); }
  /// nats ÷ ln 2 ÷ bytes of the text; NaN where documents were cut, for the nats of their ends are
  /// not known.
  double bits_per_byte() const;
};

/// Measures the whole of `tokens`. Changes nothing: asked twice, it says the same. `seed` draws the
/// masks of a masked model. Shows progress where `label` is not empty.
Score evaluate(const model::Model& model, const text::TokenFile& tokens, std::uint64_t seed,
               const model::Runtime& runtime, const std::string& label = "");

}  // namespace qkv::evaluate
