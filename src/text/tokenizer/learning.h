#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace qkv::text {

/// Whether the newline becomes a piece; it does not if lines are documents.
enum class Newlines { kLearned, kSkipped };

/// The tokenizer.model that SentencePiece's trainer makes from the segments of a text. `next_block`
/// returns the text in blocks of whole characters, and then an empty block. If the text is longer
/// than sample_bytes, the trainer reads a random sample of chunks, the same each time. Throws
/// Error.
std::string learn_pieces(const config::TokenizerConfig& config,
                         const std::function<std::string_view()>& next_block, Newlines newlines);

}  // namespace qkv::text
