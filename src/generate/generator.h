#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "generate/sampler.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace qkv {

struct GenerationOptions {
  std::int64_t tokens = 256;  ///< at most so many new ones
  Sampling sampling;
  std::uint64_t seed = 1;
};

/// Feeds tokens to a causal model one after the other and gives the logits of the next, with what
/// was read cached. Where the context is full it goes on with the newer half of it, read afresh.
class Reader {
 public:
  explicit Reader(const Model& model) : model_(model) {}
  /// Logits [vocabulary] of the token after `ids`, which follow those read before. REQUIRES ids not
  /// empty.
  Tensor read(const std::vector<std::int32_t>& ids);

 private:
  Tensor forward(const std::vector<std::int32_t>& ids);

  const Model& model_;
  Cache cache_;
  std::vector<std::int32_t> window_;  ///< the ids in the cache
};

/// Hands out a prompt and then its continuation piece by piece, whole characters only, until the
/// model ends the document or the tokens are spent. With layout `lines` the prompt begins a
/// document. Throws Error for a masked model, an empty prompt with layout `stream`, or bad sampling
/// options.
void generate(const Model& model, const Tokenizer& tokenizer, const std::string& layout,
              const std::string& prompt, const GenerationOptions& options,
              const std::function<void(const std::string&)>& print);

}  // namespace qkv
