#pragma once

#include <string>

#include "inspect/inspection.h"

namespace qkv::inspect {

/// attention.json: the checkpoint, the text, its tokens, the most probable pieces that the model
/// predicts (fillings.h) and weights[query][key] of every head of every layer (docs/taps.md). The
/// weights are the shortest decimals that read back as the same float32. Equal input gives equal
/// bytes. Throws Error as attention_map does.
std::string attention_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection);

}  // namespace qkv::inspect
