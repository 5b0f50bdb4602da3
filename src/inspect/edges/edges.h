#pragma once

#include <cstdint>
#include <span>

#include "inspect/edges/intervention.h"
#include "predict/scoring.h"

namespace qkv::inspect {

/// The effect of each edge of the attention maps on one prediction: log p of the piece with all
/// edges minus log p without the edge, in nats. Positive: the edge helped.
struct EdgeEffects {
  double log_probability = 0;  ///< with all edges
  base::Array all;             ///< the edge is cut in every head of every layer, [query, key]
  base::Array layers;          ///< cut in all heads of one layer, [layer, query, key]
  base::Array heads;           ///< cut in one head, [layer, head, query, key]
};

/// Cuts (EdgeCutter) every edge of a text separately. Edges that cannot matter are 0 and not
/// computed: closed edges, edges of tokens after target.place in a causal model, and, in the last
/// layer, edges of all tokens except target.place. Shows progress unless `label` is empty.
/// Throws Error if the model has no attention, or the token is not in the text.
EdgeEffects edge_effects(const engine::Model& model, std::span<const std::int32_t> ids,
                         const predict::Target& target, int threads, const std::string& label = "");

}  // namespace qkv::inspect
