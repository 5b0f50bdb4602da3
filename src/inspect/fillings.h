#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "inspect/inspection.h"

namespace qkv::inspect {

/// A piece that could stand where the model predicts one.
struct Filling {
  std::int32_t id = 0;
  double probability = 0;
};

/// The tokens whose outputs answer what a reader asks: in a masked model each mask, in a causal one
/// the last token, which predicts what comes after the text.
std::vector<std::size_t> asked_tokens(const Passage& passage, bool causal);

/// The `count` likeliest pieces that the output of token `index` predicts, likeliest first. Special
/// pieces are left out, though they share in the probability; but a text may end after its last
/// token, so there `</s>` counts. Throws Error where the logits are no numbers.
std::vector<Filling> fillings(const Inspection& inspection, const text::Tokenizer& tokenizer,
                              std::size_t index, std::size_t count = 10);

/// A table for every asked token; empty where there is none.
std::string fillings_text(const Inspection& inspection, const text::Tokenizer& tokenizer,
                          bool causal);

/// The same as JSON: [{"token", "likeliest": [{"id", "piece", "word", "probability"}, …]}, …].
base::Json fillings_json(const Inspection& inspection, const text::Tokenizer& tokenizer,
                         bool causal);

}  // namespace qkv::inspect
