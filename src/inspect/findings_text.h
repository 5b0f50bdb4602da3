#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "inspect/artefacts/pictures.h"
#include "inspect/inspection.h"

namespace qkv::inspect {

/// The printed results for a text: the predictions (fillings_text) and, if a token is traced, the
/// arithmetic of the chosen head for it (trace_text; layer 0 and head 0 by default). Empty if there
/// is neither. Throws Error as trace_text does.
std::string findings_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                          const HeadChoice& choice, const std::optional<std::int64_t>& trace);

}  // namespace qkv::inspect
