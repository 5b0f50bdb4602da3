#pragma once

#include <cstdint>

#include "spec/model.h"

// The bytes that the engine takes, before anything is made. As doubles: nothing overflows.
namespace qkv::engine {

/// A Model, and a matrix of its weights while it is laid out.
double model_bytes(const spec::ModelConfig& config, std::int64_t vocabulary);

/// What a Reader reads at once, at most.
struct ReaderUse {
  std::int64_t tokens = 0;  ///< of a text
  bool taps = false;        ///< which also hold the maps of a layer
};

/// A Reader on one thread, after it has read texts of this length.
double reader_bytes(const spec::ModelConfig& config, std::int64_t vocabulary, const ReaderUse& use);

}  // namespace qkv::engine
