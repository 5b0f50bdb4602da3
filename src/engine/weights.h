#pragma once

#include <optional>
#include <vector>

#include "base/array.h"
#include "engine/rows.h"
#include "kernels/norm.h"
#include "spec/weights.h"

namespace qkv::engine {

// A model's weights, ready for products. Tables and vectors are the model's own arrays, matrices
// are laid out anew.

struct AttentionWeights {
  kernels::NormShape norm;
  std::optional<Panels> input;  ///< to [query | key | value], or to value if weights are uniform;
                                ///< none: identity
  Panels output;
  std::optional<kernels::NormShape> query_norm;  ///< of a head
  std::optional<kernels::NormShape> key_norm;
  const float* value_mix = nullptr;  ///< [2], or null
};

struct FeedForwardWeights {
  kernels::NormShape norm;
  std::optional<Panels> gate;
  Panels up;
  Panels down;
};

struct BlockWeights {
  std::optional<AttentionWeights> attention;
  std::optional<FeedForwardWeights> feed_forward;
};

/// One direction of a recurrent layer.
struct DirectionWeights {
  Panels input;
  Panels state;
};

/// A matrix among the panels of several.
struct PackedMatrix {
  Panels panels;
  std::int64_t first = 0;  ///< the output with which it begins
};

struct PackedWeights {
  const float* embedding = nullptr;               ///< [vocabulary, width]
  const float* positions = nullptr;               ///< learned ones, [context, width], or null
  std::vector<BlockWeights> blocks;               ///< of a Transformer
  std::vector<DirectionWeights> states;           ///< of an LSTM or GRU, by layer
  std::vector<DirectionWeights> states_from_end;  ///< of a masked one
  kernels::NormShape norm;
  Panels output;
  std::vector<PackedMatrix> matrices;  ///< by the weight's index in the list; empty for the others
};

/// `arrays` are those of `list`, which belongs to the config, and must outlive the result. Matrices
/// are moved into `memory`, one product's after the other's: only their shapes stay in `arrays`, so
/// that no weight but a tied embedding is in memory twice.
PackedWeights pack_weights(const spec::ModelConfig& config, const spec::WeightList& list,
                           std::vector<base::Array>& arrays, std::int64_t lanes,
                           kernels::Arena& memory);

}  // namespace qkv::engine
