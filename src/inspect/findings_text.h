#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "inspect/inspection.h"
#include "inspect/pictures.h"

namespace qkv::inspect {

/// What is printed of a text: what the model predicts (fillings_text) and, where a token is to be
/// traced, the arithmetic of the chosen head for it (trace_text; layer 0 and head 0 unless chosen).
/// Empty where there is neither. Throws Error as trace_text.
std::string findings_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                          const HeadChoice& choice, const std::optional<std::int64_t>& trace);

}  // namespace qkv::inspect
