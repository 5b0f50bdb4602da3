#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "text/batches/batches.h"
#include "text/batches/rows.h"

namespace qkv::text {

ValidationBatches::ValidationBatches(const TokenFile& tokens, std::int64_t context,
                                     Objective objective, std::uint64_t seed)
    : tokens_(tokens), context_(context), objective_(objective), seed_(seed) {
  require_usable(tokens, context, objective);
  if (tokens.documents() > 0) packing_ = pack(tokens, context, objective.causal, nullptr);
  if (rows() == 0) {
    throw base::Error(base::concat("validation text: found ", tokens.size(),
                                   " tokens, expected at least one to predict"));
  }
}

std::uint64_t ValidationBatches::rows() const {
  if (tokens_.documents() > 0) return packing_.row_begins.size() - 1;
  const std::uint64_t inputs = tokens_.size() - (objective_.causal && tokens_.size() > 0 ? 1 : 0);
  const auto context = static_cast<std::uint64_t>(context_);
  return inputs / context + (inputs % context > 0 ? 1 : 0);
}

Batch ValidationBatches::get(std::uint64_t first, std::int64_t count) const {
  const std::uint64_t left = first < rows() ? rows() - first : 0;
  Batch batch = padding(
      static_cast<std::int64_t>(std::min(left, static_cast<std::uint64_t>(count))), context_);
  bool padded = false;
  for (std::int64_t row = 0; row < batch.rows; ++row) {
    const std::uint64_t window = first + static_cast<std::uint64_t>(row);
    if (tokens_.documents() > 0) {
      put_documents(batch, row, tokens_, packing_, window, objective_.causal, nullptr);
      continue;
    }
    const std::uint64_t begin = window * static_cast<std::uint64_t>(context_);
    const std::uint64_t inputs = tokens_.size() - begin - (objective_.causal ? 1 : 0);
    const auto length =
        static_cast<std::int64_t>(std::min(inputs, static_cast<std::uint64_t>(context_)));
    put_tokens(batch, row, 0, tokens_, begin, length, objective_.causal, 0);
    end_row(batch, row, length);
    padded |= length < context_;
  }
  require_ids(batch, objective_.vocabulary);
  if (!objective_.causal) {
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      mask_row(batch, row, objective_.vocabulary,
               base::stream_key(seed_, base::Purpose::kValidationMasking,
                                {first + static_cast<std::uint64_t>(row)}));
    }
  }
  if (tokens_.documents() == 0 && !padded) batch.documents.clear();
  return batch;
}

}  // namespace qkv::text
