#pragma once

#include <optional>
#include <vector>

#include "base/array.h"
#include "engine/rows.h"
#include "kernels/norm.h"
#include "spec/weights.h"

namespace qkv::engine {

// A model's weights, ready for products. Embeddings and norms are the model's own arrays, matrices
// are copies.

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

struct PackedWeights {
  const float* embedding = nullptr;               ///< [vocabulary, width]
  const float* positions = nullptr;               ///< learned ones, [context, width], or null
  std::vector<BlockWeights> blocks;               ///< of a Transformer
  std::vector<DirectionWeights> states;           ///< of an LSTM or GRU, by layer
  std::vector<DirectionWeights> states_from_end;  ///< of a masked one
  kernels::NormShape norm;
  Panels output;
};

/// `arrays` are those of `list`, which belongs to the config, and must outlive the result. Matrices
/// are copied into `memory`.
PackedWeights pack_weights(const spec::ModelConfig& config, const spec::WeightList& list,
                           const std::vector<base::Array>& arrays, std::int64_t lanes,
                           kernels::Arena& memory);

}  // namespace qkv::engine
