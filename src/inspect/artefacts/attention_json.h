#pragma once

#include "inspect/artefacts/describe.h"

namespace qkv::inspect {

/// Writes attention.json: the checkpoint, the text, its tokens, the most probable pieces that the
/// model predicts (fillings.h) and weights[query][key] of every head of every layer (docs/taps.md).
/// The weights are the shortest decimals that read back as the same float32. Equal input gives
/// equal bytes. Throws Error as attention_map does. The text is passed on in parts, since it may
/// be larger than the weights.
void attention_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                    const TextSink& sink);

}  // namespace qkv::inspect
