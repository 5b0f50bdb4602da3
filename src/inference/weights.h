#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inference/panels.h"

namespace qkv::inference {

/// The values of the weight with this name in the checkpoint (docs/checkpoint.md), or null if the
/// model has none.
using FindWeight = std::function<const float*(const std::string& name)>;

// A Transformer's weights, ready for products. Embeddings and norms are the checkpoint's own
// arrays, matrices are copies.

struct AttentionWeights {
  NormWeights norm;
  std::optional<Panels> input;  ///< to [query | key | value], or to value if weights are uniform;
                                ///< none: identity
  Panels output;
};

struct FeedForwardWeights {
  NormWeights norm;
  std::optional<Panels> gate;
  Panels up;
  Panels down;
};

struct LayerWeights {
  std::optional<AttentionWeights> attention;
  std::optional<FeedForwardWeights> feed_forward;
};

struct TransformerWeights {
  const float* embedding = nullptr;  ///< [vocabulary, width]
  const float* positions = nullptr;  ///< learned ones, [context, width], or null
  std::vector<LayerWeights> layers;
  NormWeights norm;
  Panels output;
};

/// The matrices are copied into `memory`.
TransformerWeights prepare_weights(const spec::ModelConfig& config, std::int64_t vocabulary,
                                   const FindWeight& find, std::int64_t lanes, FloatMemory& memory);

}  // namespace qkv::inference
