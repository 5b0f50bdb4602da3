#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "text/corpus/token_file.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::text {

/// A run's text as ids: the training part and the validation part, which never overlap.
struct Corpus {
  Tokenizer tokenizer;
  TokenFile train;
  std::optional<TokenFile>
      validation;          ///< nothing if validation_fraction is 0 and no files are given
  std::string train_hash;  ///< SHA-256 of the training text (all files in order, without the part
                           ///< that is held out)
  std::string validation_hash;
  std::int64_t context = 0;  ///< model.context, which follows the text where it is a default
};

/// Reads, or makes and caches, tokenizer and ids. The cache is the folder QKV_CACHE, else
/// XDG_CACHE_HOME/qkv, else ~/.cache/qkv. Its keys are hashes of text, tokenizer and layout; a
/// file's hash is trusted while its size and modification time stay the same. `given` replaces the
/// configured tokenizer (resume, fine-tuning, evaluation). Throws Error: file and byte offset of
/// invalid UTF-8, an empty text, a text shorter than one context.
Corpus open_corpus(const config::Config& config, std::optional<Tokenizer> given = std::nullopt);

/// The ids of other files (evaluation), cached in the same way.
TokenFile open_tokens(const std::vector<std::filesystem::path>& files, const Tokenizer& tokenizer,
                      spec::TextLayout layout);

}  // namespace qkv::text
