#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/declarations.h"
#include "generate/sampling.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::generate {

struct GenerationOptions {
  std::int64_t tokens = 256;  ///< the most new tokens
  Sampling sampling;
  std::uint64_t seed = 1;
  std::vector<std::string> stops = {};  ///< the continuation ends before the first of these
  int threads = 1;                      ///< the most that compute
};

/// Passes on a prompt and then its continuation piece by piece, only whole characters, until the
/// model ends the document, a stop text appears in the continuation, or the number of tokens is
/// reached. With layout `lines`, the prompt begins a document. Throws Error for a masked model, an
/// empty prompt with layout `stream`, invalid sampling options or an empty stop text.
void generate(const engine::Model& model, const text::Tokenizer& tokenizer, spec::TextLayout layout,
              const std::string& prompt, const GenerationOptions& options,
              const std::function<void(const std::string&)>& print);

}  // namespace qkv::generate
