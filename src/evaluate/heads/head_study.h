#pragma once

#include <string>

#include "base/json.h"
#include "checkpoint/checkpoint.h"
#include "inspect/heads/head_scores.h"
#include "text/corpus/token_file.h"

namespace qkv::evaluate {

/// What each head of a model attends to (inspect::HeadScores), on three kinds of text.
struct HeadStudy {
  inspect::HeadScores random;    ///< random pieces, followed by the same again
  inspect::HeadScores repeated;  ///< segments of the model's text, each followed by itself
  inspect::HeadScores text;      ///< windows of the model's text
};

/// Throws Error if the model has no softmax attention.
void require_heads(const checkpoint::Checkpoint& checkpoint);

/// REQUIRES require_heads. Throws Error if the text is too short to be repeated.
HeadStudy study_heads(const checkpoint::Checkpoint& checkpoint, const text::TokenFile& tokens,
                      int threads);

/// A table with a row per head, and a legend.
std::string heads_text(const HeadStudy& study);

/// The same numbers; null if no token counts.
base::Json heads_json(const HeadStudy& study);

}  // namespace qkv::evaluate
