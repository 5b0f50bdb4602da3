#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "inference/cached_transformer.h"
#include "model/model.h"

namespace qkv::generate {

/// Feeds tokens to a causal model one after the other and gives the logits of the next, with what
/// was read cached. Where the context is full it goes on with the newer half of it, read afresh.
///
/// A Transformer in float32 on the CPU is read by src/inference, every other model by the model
/// itself. The model must outlive it, and its weights stay as they are.
class Reader {
 public:
  explicit Reader(const model::Model& model);

  /// Logits [vocabulary] of the token after `ids`, which follow those read before; they stay until
  /// the next call. REQUIRES ids not empty. Throws Error on an id outside the vocabulary.
  std::span<const float> read(std::span<const std::int32_t> ids);

 private:
  std::span<const float> forward(std::span<const std::int32_t> ids);
  std::span<const float> forward_by_model(std::span<const std::int32_t> ids);

  const model::Model& model_;
  std::unique_ptr<inference::CachedTransformer> transformer_;  ///< null: the model reads
  model::Cache cache_;
  model::Tensor logits_;
  std::vector<std::int32_t> window_;  ///< the ids in the cache
};

}  // namespace qkv::generate
