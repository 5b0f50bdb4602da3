#pragma once

#include <string>
#include <vector>

#include "evaluate/probes/contrast.h"
#include "evaluate/probes/probe_reading.h"

namespace qkv::evaluate {

/// A smaller effect, in nats, counts as rounding.
inline constexpr double kLeastNats = 1e-6;

/// How much log p of each probe's answer falls, in nats, when all edges from the query tokens to
/// one span are cut (EdgeCutter): in all heads of all layers, in all heads of one layer, or in one
/// head.
struct EdgeContrasts {
  Contrasts all;     ///< one measurement
  Contrasts layers;  ///< one measurement per layer; empty unless requested
  Contrasts heads;   ///< the heads of layer 0, then those of layer 1, …; empty unless requested
};

enum class EdgeScope { kAll, kLayersAndHeads };

/// `probes` are measurable.
EdgeContrasts edge_contrasts(const engine::Model& model, const std::vector<ProbeReading>& probes,
                             EdgeScope scope, int threads,
                             const predict::TokenCounter& counter = {});

/// The number of tokens that the model reads for this.
std::size_t edge_tokens(const spec::ModelConfig& model, const std::vector<ProbeReading>& probes,
                        EdgeScope scope);

}  // namespace qkv::evaluate
