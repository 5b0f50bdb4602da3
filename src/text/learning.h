#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace qkv::text {

/// Whether the newline becomes a piece; it does not where lines are documents.
enum class Newlines { kLearned, kSkipped };

/// The tokenizer.model that SentencePiece's trainer learns from the segments of a text, which
/// `next_block` hands out in blocks of whole characters until one is empty. Of a text longer than
/// sample_bytes it sees a random sample of chunks, the same each time. Throws Error.
std::string learn_pieces(const config::TokenizerConfig& config,
                         const std::function<std::string_view()>& next_block, Newlines newlines);

}  // namespace qkv::text
