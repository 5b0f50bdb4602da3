#pragma once

#include <cstdint>

#include "base/random.h"
#include "text/batches.h"

namespace qkv::text {

/// Throws Error where these tokens cannot be asked this.
void require_usable(const TokenFile& tokens, std::int64_t context, const Objective& objective);

/// A batch of nothing but padding: input </s>, targets ignored, document −1.
Batch padding(std::int64_t rows, std::int64_t context);

/// Writes tokens [begin, begin + length) as inputs at `place` of `row`, positions from 0. Causal:
/// each one's target is the token that follows.
void put_tokens(Batch& batch, std::int64_t row, std::int64_t place, const TokenFile& tokens,
                std::uint64_t begin, std::int64_t length, bool causal, std::int32_t document);

/// Ends a row that is filled up to `place`: positions count on through the padding.
void end_row(Batch& batch, std::int64_t row, std::int64_t place);

/// Packs the documents in this order, and writes one row of them.
Packing pack(const TokenFile& tokens, std::int64_t context, bool causal,
             const base::Permutation* order);
void put_documents(Batch& batch, std::int64_t row, const TokenFile& tokens, const Packing& packing,
                   std::uint64_t packed, bool causal, const base::Permutation* order);

/// Masks a row of inputs: each token that is not special is chosen with probability 15%, one at
/// least where there is one. A chosen token is the target at its place and becomes <mask> (80%), a
/// random token (10%) or stays (10%). Everything is drawn from the stream of `key`.
void mask_row(Batch& batch, std::int64_t row, std::int32_t vocabulary, std::uint64_t key);

/// Throws Error (Fault::kRun) on an id that is not below `vocabulary`, where that is given.
void require_ids(const Batch& batch, std::int32_t vocabulary);

}  // namespace qkv::text
