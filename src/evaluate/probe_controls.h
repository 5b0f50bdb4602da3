#pragma once

#include <cstdint>
#include <vector>

#include "evaluate/contrast.h"
#include "evaluate/probe_reading.h"

namespace qkv::evaluate {

/// Attention that knows nothing of the text, as something to compare heads with. A weight of 1
/// stands at each place looked at, and a span's number is taken as that of a head is.
struct FixedContrasts {
  std::vector<std::int64_t> names;  ///< of the ways of looking: offsets, or pieces' ids
  Contrasts contrasts;
};

/// Always `offset` tokens back: 1 to the model's context, in a masked model also as far ahead
/// (negative).
FixedContrasts offset_contrasts(const std::vector<ProbeReading>& probes,
                                const config::ModelConfig& model);

/// Always every occurrence of one piece, wherever it stands before the query (masked: anywhere).
FixedContrasts word_contrasts(const std::vector<ProbeReading>& probes,
                              const config::ModelConfig& model);

}  // namespace qkv::evaluate
