#pragma once

#include "config/config.h"
#include "model/parameters.h"

namespace qkv::model {

/// Turns ids into vectors: row `id` of a learned table [vocabulary, width] (not scaled).
struct Embedding {
  Embedding(Parameters& parameters, const config::ModelConfig& config, std::int64_t vocabulary);

  /// ids [batch, tokens] → [batch, tokens, width]. Throws Error on an id outside the vocabulary
  /// (only on the CPU; other devices do not check).
  Tensor operator()(const Tensor& ids) const;

  Tensor weight;
};

}  // namespace qkv::model
