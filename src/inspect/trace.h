#pragma once

#include <cstdint>
#include <string>

#include "inspect/inspection.h"

namespace qkv::inspect {

/// What one head does for one query token, step by step with real numbers: embedding + position →
/// norm → q, k, v → q·k → ÷√d → mask → softmax → weighted sum, then the From/To table. Vectors are
/// those of the pass; everything after them is computed anew here, and the last line of the
/// arithmetic says how far the model's own numbers are from it. Lines fit 100 columns (a
/// checkpoint's path may not). Throws Error where the model has no attention, or layer, head or
/// token do not exist.
std::string trace_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       std::int64_t layer, std::int64_t head, std::int64_t token);

/// Weights of all tokens, From (query) on the rows, To (key) on the columns, closed cells as "—";
/// only the row of `token`, in blocks, where all would not fit 100 columns.
std::string from_to_table(const AttentionMap& map, const std::vector<std::string>& labels,
                          bool causal, std::size_t token);

}  // namespace qkv::inspect
