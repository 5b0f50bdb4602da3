#pragma once

#include <cstdint>

#include "base/random.h"
#include "text/batches/batches.h"

namespace qkv::text {

/// Throws Error if these tokens do not allow this objective.
void require_usable(const TokenFile& tokens, std::int64_t context, const Objective& objective);

/// A batch that consists only of padding: input </s>, targets ignored, document −1.
Batch padding(std::int64_t rows, std::int64_t context);

/// Writes tokens [begin, begin + length) as inputs from column `place` of `row` on, with positions
/// from 0. Causal: each one's target is the token that follows.
void put_tokens(Batch& batch, std::int64_t row, std::int64_t place, const TokenFile& tokens,
                std::uint64_t begin, std::int64_t length, bool causal, std::int32_t document);

/// Fills a row from column `place` to its end with padding, in which positions continue.
void end_row(Batch& batch, std::int64_t row, std::int64_t place);

/// Packs the documents in this order, and writes one row of them.
Packing pack(const TokenFile& tokens, std::int64_t context, bool causal,
             const base::Permutation* order);
void put_documents(Batch& batch, std::int64_t row, const TokenFile& tokens, const Packing& packing,
                   std::uint64_t packed, bool causal, const base::Permutation* order);

/// Masks a row of inputs. Each token that is not special is chosen with probability 15%, and at
/// least one if there is one. A chosen token is the target at its position and becomes <mask>
/// (80%), becomes a random token (10%) or stays (10%). All random numbers come from the stream of
/// `key`.
void mask_row(Batch& batch, std::int64_t row, std::int32_t vocabulary, std::uint64_t key);

/// Throws Error (Fault::kRun) on an id that is not below `vocabulary`, if that is given.
void require_ids(const Batch& batch, std::int32_t vocabulary);

}  // namespace qkv::text
