#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/reader.h"

namespace qkv::generate {

/// Feeds tokens to a causal model one after the other and returns the logits of the next token.
/// When the context is full, it continues with the newer half of it, which is read again. The model
/// must outlive it.
class Reader {
 public:
  /// At most `threads` threads compute.
  explicit Reader(const engine::Model& model, int threads = 1);

  /// Logits [vocabulary] of the token after `ids`, which follow the tokens read before. Valid until
  /// the next call. REQUIRES that ids is not empty. Throws Error on an id outside the vocabulary.
  std::span<const float> read(std::span<const std::int32_t> ids);

 private:
  std::size_t context_;
  std::unique_ptr<engine::Reader> reader_;
  std::vector<std::int32_t> window_;  ///< the ids that it has read
};

}  // namespace qkv::generate
