#pragma once

#include <cstdint>
#include <vector>

#include "evaluate/probes/contrast.h"
#include "evaluate/probes/probe_reading.h"

namespace qkv::evaluate {

/// Attention that does not depend on the text, as a baseline for heads. Each attended token has a
/// weight of 1, and a span's number is computed as for a head.
struct FixedContrasts {
  std::vector<std::int64_t> names;  ///< of the measurements: offsets, or ids of pieces
  Contrasts contrasts;
};

/// Attends to the token at a fixed offset before the query: 1 to the model's context, in a masked
/// model also after it (negative).
FixedContrasts offset_contrasts(const std::vector<ProbeReading>& probes,
                                const spec::ModelConfig& model);

/// Attends to every occurrence of one piece before the query (masked: anywhere).
FixedContrasts word_contrasts(const std::vector<ProbeReading>& probes,
                              const spec::ModelConfig& model);

}  // namespace qkv::evaluate
