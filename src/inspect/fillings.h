#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "inspect/inspection.h"
#include "inspect/prediction.h"

namespace qkv::inspect {

/// The tokens whose outputs are the predictions that a reader wants: in a masked model each mask,
/// in a causal model the last token, which predicts the next one.
std::vector<std::size_t> asked_tokens(const Passage& passage, bool causal);

/// The only one of them. Throws Error "OPTION: found COUNT <mask> EXPECTED" if a masked model has
/// another number of them.
std::int64_t answering_token(const Passage& passage, bool causal, const char* option,
                             const char* expected);

/// The `count` most probable pieces that the output of token `index` predicts, in descending order.
/// Special pieces are left out, although they have a part of the probability. But a text may end
/// after its last token, so `</s>` counts there. Throws Error if the logits are not numbers.
std::vector<Filling> fillings(const Inspection& inspection, const text::Tokenizer& tokenizer,
                              std::size_t index, std::size_t count = 10);

/// A table for every such token; empty if there is none.
std::string fillings_text(const Inspection& inspection, const text::Tokenizer& tokenizer,
                          bool causal);

/// The same as JSON: [{"token", "likeliest": [{"id", "piece", "word", "probability"}, …]}, …].
base::Json fillings_json(const Inspection& inspection, const text::Tokenizer& tokenizer,
                         bool causal);

}  // namespace qkv::inspect
