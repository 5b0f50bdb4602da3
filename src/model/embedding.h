#pragma once

#include "model/parameters.h"

namespace qkv::model {

/// Turns ids into vectors: row `id` of a learned table [vocabulary, width] (not scaled).
struct Embedding {
  explicit Embedding(const Parameters& parameters);

  /// ids [batch, tokens] → [batch, tokens, width]. Throws Error on an id outside the vocabulary
  /// (only on the CPU; other devices do not check).
  Tensor operator()(const Tensor& ids) const;

  Tensor weight;
};

}  // namespace qkv::model
