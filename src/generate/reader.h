#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "inference/cached_transformer.h"
#include "model/model.h"

namespace qkv::generate {

/// Feeds tokens to a causal model one after the other and returns the logits of the next token; the
/// read tokens are cached. When the context is full, it continues with the newer half of it, which
/// is read again.
///
/// src/inference reads a Transformer in float32 on the CPU; every other model is read by the model
/// itself. The model must outlive it, and its weights must not change.
class Reader {
 public:
  explicit Reader(const model::Model& model);

  /// Logits [vocabulary] of the token after `ids`, which follow the tokens read before. Valid until
  /// the next call. REQUIRES that ids is not empty. Throws Error on an id outside the vocabulary.
  std::span<const float> read(std::span<const std::int32_t> ids);

 private:
  std::span<const float> forward(std::span<const std::int32_t> ids);
  std::span<const float> forward_by_model(std::span<const std::int32_t> ids);

  const model::Model& model_;
  std::unique_ptr<inference::CachedTransformer> transformer_;  ///< null: the model itself reads
  model::Cache cache_;
  model::Tensor logits_;
  std::vector<std::int32_t> window_;  ///< the ids in the cache
};

}  // namespace qkv::generate
