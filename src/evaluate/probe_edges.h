#pragma once

#include <string>
#include <vector>

#include "evaluate/contrast.h"
#include "evaluate/probe_reading.h"

namespace qkv::evaluate {

/// What less of an effect, in nats, is rounding.
inline constexpr double kLeastNats = 1e-6;

/// How much log p of each probe's answer falls, in nats, when all edges from the query tokens to
/// one span are cut (EdgeCutter): in all heads of all layers, in all heads of one layer, in one
/// head.
struct EdgeContrasts {
  Contrasts all;     ///< one way of looking
  Contrasts layers;  ///< a way each; empty unless asked for
  Contrasts heads;   ///< the heads of layer 0, then those of layer 1, …; empty likewise
};

enum class EdgeScope { kAll, kLayersAndHeads };

/// `probes` are measurable.
EdgeContrasts edge_contrasts(const model::Model& model, const std::vector<ProbeReading>& probes,
                             EdgeScope scope, const model::Runtime& runtime,
                             const inspect::TokenCounter& counter = {});

/// How many tokens the model reads for that.
std::size_t edge_tokens(const config::ModelConfig& model, const std::vector<ProbeReading>& probes,
                        EdgeScope scope);

}  // namespace qkv::evaluate
