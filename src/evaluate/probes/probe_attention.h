#pragma once

#include <vector>

#include "evaluate/probes/contrast.h"
#include "evaluate/probes/probe_reading.h"
#include "inspect/ablation/part.h"

namespace qkv::evaluate {

/// How much attention the query tokens of each probe pay to each of its spans: weights summed over
/// the span's tokens, as a mean over the query tokens. From 0 to 1.
struct AttentionContrasts {
  Contrasts heads;    ///< the heads of layer 0, then those of layer 1, …
  Contrasts rollout;  ///< one measurement: attention rollout through all layers
};

/// `probes` are measurable. The model reads each of them once.
AttentionContrasts attention_contrasts(const engine::Model& model,
                                       const std::vector<ProbeReading>& probes, int threads,
                                       const predict::TokenCounter& counter = {});

/// The index of a head among all, layer by layer, and back.
std::size_t head_number(const inspect::HeadPlace& place, const spec::ModelConfig& model);
inspect::HeadPlace head_place(std::size_t number, const spec::ModelConfig& model);

}  // namespace qkv::evaluate
