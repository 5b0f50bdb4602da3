#pragma once

#include <cstdint>
#include <string>

#include "inspect/inspection.h"

namespace qkv::inspect {

/// What one head does for one query token, step by step with real numbers: embedding + position →
/// norm → q, k, v → q·k → ÷√d → mask → softmax → weighted sum, then the From/To table. Vectors come
/// from the pass. Everything after them is computed again here, and the last line of the arithmetic
/// shows the largest difference from the model's own numbers. Lines fit 100 columns (a checkpoint's
/// path may not). Throws Error if the model has no attention, or layer, head or token do not exist.
std::string trace_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       std::int64_t layer, std::int64_t head, std::int64_t token);

/// Weights of all tokens, From (query) in the rows, To (key) in the columns, closed cells as "—".
/// If these would not fit 100 columns, only the row of `token`, in blocks.
std::string from_to_table(const AttentionMap& map, const std::vector<std::string>& labels,
                          bool causal, std::size_t token);

}  // namespace qkv::inspect
