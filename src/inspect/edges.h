#pragma once

#include <cstdint>
#include <span>

#include "inspect/intervention.h"

namespace qkv::inspect {

/// What each edge of the attention maps does for one prediction: log p of the piece with nothing
/// cut, less log p with the edge cut, in nats. Positive: the edge helped.
struct EdgeEffects {
  double log_probability = 0;  ///< with nothing cut
  model::Tensor all;           ///< cut in every head of every layer, [query, key]
  model::Tensor layers;        ///< in all heads of one layer, [layer, query, key]
  model::Tensor heads;         ///< in one head, [layer, head, query, key]
};

/// Cuts (EdgeCutter) every edge of a text by itself. Edges that cannot matter are 0 and not
/// computed: closed ones, those of tokens behind target.place in a causal model, and in the last
/// layer alone those of all tokens but target.place. Shows progress where `label` is not empty.
/// Throws Error where the model has no attention, or the place is not in the text.
EdgeEffects edge_effects(const model::Model& model, std::span<const std::int32_t> ids,
                         const Target& target, const model::Runtime& runtime,
                         const std::string& label = "");

}  // namespace qkv::inspect
