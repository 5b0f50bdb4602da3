#pragma once

#include <string>

#include "engine/support.h"
#include "wasm/model_bytes.h"

namespace qkv::tests {

constexpr std::int64_t kWasmVocabulary = 11;

/// A tiny model and its bytes.
struct ModelAndBytes {
  explicit ModelAndBytes(const spec::ModelConfig& config, unsigned seed = 1)
      : weights(random_weights(config, kWasmVocabulary, seed)),
        bytes(wasm::model_bytes(config, kWasmVocabulary, weights)),
        model(config, kWasmVocabulary, weights) {}

  std::vector<base::Array> weights;
  std::string bytes;
  engine::Model model;
};

}  // namespace qkv::tests
