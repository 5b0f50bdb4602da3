#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "text/corpus/token_file.h"

namespace qkv::text {

/// Rows of tokens for one pass, as plain arrays [rows, context] in row order.
struct Batch {
  static constexpr std::int32_t kIgnored = -1;

  std::int64_t first_row =
      0;  ///< index of its first row in the step's batch: part of the key of dropout
  std::int64_t rows = 0;
  std::int64_t context = 0;
  std::vector<std::int32_t> inputs;
  std::vector<std::int32_t> targets;    ///< the id to predict at each position, or kIgnored
  std::vector<std::int32_t> positions;  ///< restarts in each document; continues in padding
  std::vector<std::int32_t>
      documents;  ///< number of the document within its row, −1 for padding; empty: one per row
};

/// What the model predicts: the next token, or the token under a mask.
struct Objective {
  bool causal = true;
  std::int32_t vocabulary =
      0;  ///< masked: random replacements are drawn from the ids from 4 to below this
};

/// Documents that are longer than the context.
struct CutDocuments {
  std::uint64_t count = 0;
  std::uint64_t tokens = 0;      ///< that the model never reads
  std::uint64_t all_tokens = 0;  ///< of the text
};

/// A line for people: how many documents are cut at `context` tokens, and how much text is lost.
std::string to_text(const CutDocuments& cut, std::int64_t context);

/// How documents of layout `lines` are packed into rows: next-fit, in the given order, so that a
/// row holds as many whole documents as fit. A document of n ids (`<s>` and `</s>` included) takes
/// n − 1 positions if the next token is predicted, n if a masked one is, but at most `context`: the
/// rest is cut.
struct Packing {
  std::vector<std::uint64_t>
      row_begins;  ///< the index, in this order, of each row's first document, and the end
  CutDocuments cut;
};

/// Training batches. Each is a pure function of (seed, step), so that a resumed run reads the same
/// ones. An epoch visits every window (layout stream, shifted by a new phase in each epoch) or
/// every row of packed documents (layout lines) once, in a new order. All epochs have the same
/// number of windows, so a phase omits less than 2 · context tokens at the two ends.
class TrainingBatches {
 public:
  /// Throws Error if the text is shorter than one context, or its ids are not below
  /// objective.vocabulary (if given). `tokens` must outlive this.
  TrainingBatches(const TokenFile& tokens, std::int64_t context, Objective objective,
                  std::uint64_t seed);

  /// The batch of step number `step`, of `rows` rows; its masks are keyed by step and row. Safe
  /// from any thread. Throws Error (Fault::kRun) on a damaged token file.
  Batch get(std::uint64_t step, std::int64_t rows) const { return get(step, rows, 0, rows); }
  /// Rows first … first + count − 1 of this batch: a micro-batch.
  Batch get(std::uint64_t step, std::int64_t rows, std::int64_t first, std::int64_t count) const;

  const CutDocuments& cut() const { return packing_.cut; }
  std::uint64_t rows_in_epoch() const;

 private:
  const TokenFile& tokens_;
  std::int64_t context_;
  Objective objective_;
  std::uint64_t seed_;
  base::Permutation document_order_;  ///< lines: the documents as packed
  Packing packing_;                   ///< lines
  std::uint64_t windows_ = 0;         ///< stream: windows in each epoch
  std::uint64_t phases_ = 0;          ///< stream: their first window begins below this offset
};

/// Validation batches in order: consecutive windows of `context` inputs that do not overlap, where
/// each token but the first is predicted once (stream), or every document once (lines). The masked
/// tokens are drawn from streams keyed by (seed, window). Masked windows cover every token.
class ValidationBatches {
 public:
  /// Throws Error as TrainingBatches does, except that the text may be as short as one prediction.
  ValidationBatches(const TokenFile& tokens, std::int64_t context, Objective objective,
                    std::uint64_t seed);

  std::uint64_t rows() const;
  /// Rows first … first+count−1 (fewer at the end). Short rows are padded; targets in padding are
  /// ignored.
  Batch get(std::uint64_t first, std::int64_t count) const;

  const CutDocuments& cut() const { return packing_.cut; }

 private:
  const TokenFile& tokens_;
  std::int64_t context_;
  Objective objective_;
  std::uint64_t seed_;
  Packing packing_;  ///< lines
};

}  // namespace qkv::text
