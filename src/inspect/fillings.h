#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspect/inspection.h"

namespace qkv {

/// A piece that could stand where a mask is.
struct Filling {
  std::int32_t id = 0;
  double probability = 0;
};

/// The `count` likeliest fillings of the mask at token `index`, likeliest first; specials are left
/// out, though they share in the probability. Throws Error where the logits are no numbers.
std::vector<Filling> fillings(const Inspection& inspection, const Tokenizer& tokenizer,
                              std::size_t index, std::size_t count = 5);

/// A table for every mask of the passage; empty where there is none.
std::string fillings_text(const Inspection& inspection, const Tokenizer& tokenizer);

}  // namespace qkv
