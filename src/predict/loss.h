#pragma once

#include <cstdint>
#include <string>

#include "engine/model.h"
#include "text/batches/batches.h"
#include "text/corpus/token_file.h"

namespace qkv::predict {

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
/// masks of a masked model. `threads` threads read side by side; no result depends on their number.
/// Shows progress unless `label` is empty. Throws Error if the text holds no token to predict.
Score score_text(const engine::Model& model, const text::TokenFile& tokens, std::uint64_t seed,
                 int threads, const std::string& label = "");

/// The bytes that this takes besides the model, on so many threads. As a double: nothing overflows.
double score_text_bytes(const spec::ModelConfig& config, std::int64_t vocabulary,
                        std::int64_t threads);

/// Throws Error if nothing was predicted.
void require_predictions(const Score& score);

}  // namespace qkv::predict
