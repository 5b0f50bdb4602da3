#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "text/batches/batches.h"
#include "text/batches/rows.h"

namespace qkv::text {

TrainingBatches::TrainingBatches(const TokenFile& tokens, std::int64_t context, Objective objective,
                                 std::uint64_t seed)
    : tokens_(tokens),
      context_(context),
      objective_(objective),
      seed_(seed),
      document_order_(base::stream_key(seed, base::Purpose::kPacking), tokens.documents()) {
  require_usable(tokens, context, objective);
  if (tokens.documents() > 0) {
    packing_ = pack(tokens, context, objective.causal, &document_order_);
    return;
  }
  const auto size = static_cast<std::uint64_t>(context);
  if (tokens.size() <= size) {
    throw base::Error(base::concat("training text: found ", tokens.size(),
                                   " tokens, expected more than the context, which is ", size));
  }
  // A window needs one token after its inputs. If the text has room for it, the last phase, context
  // − 1, has as many windows as the first.
  windows_ = std::max<std::uint64_t>(1, (tokens.size() - size) / size);
  phases_ = std::min(size, tokens.size() - windows_ * size);
}

std::uint64_t TrainingBatches::rows_in_epoch() const {
  return tokens_.documents() > 0 ? packing_.row_begins.size() - 1 : windows_;
}

Batch TrainingBatches::get(std::uint64_t step, std::int64_t rows, std::int64_t first,
                           std::int64_t count) const {
  Batch batch = padding(count, context_);
  batch.first_row = first;
  const std::uint64_t in_epoch = rows_in_epoch();
  for (std::int64_t row = 0; row < count; ++row) {
    const std::uint64_t visit =
        step * static_cast<std::uint64_t>(rows) + static_cast<std::uint64_t>(first + row);
    const std::uint64_t epoch = visit / in_epoch;
    const std::uint64_t place = base::Permutation(
        base::stream_key(seed_, base::Purpose::kBatch, {epoch, 0}), in_epoch)(visit % in_epoch);
    if (tokens_.documents() > 0) {
      put_documents(batch, row, tokens_, packing_, place, objective_.causal, &document_order_);
    } else {
      const std::uint64_t phase =
          base::RandomStream(base::stream_key(seed_, base::Purpose::kBatch, {epoch, 1}))
              .below(phases_);
      put_tokens(batch, row, 0, tokens_, phase + place * static_cast<std::uint64_t>(context_),
                 context_, objective_.causal, 0);
    }
  }
  require_ids(batch, objective_.vocabulary);
  if (!objective_.causal) {
    for (std::int64_t row = 0; row < count; ++row) {
      mask_row(batch, row, objective_.vocabulary,
               base::stream_key(seed_, base::Purpose::kMasking,
                                {step, static_cast<std::uint64_t>(first + row)}));
    }
  }
  if (tokens_.documents() == 0) batch.documents.clear();
  return batch;
}

}  // namespace qkv::text
