#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "text/token_file.h"

namespace qkv::text {

/// Rows of tokens for one pass, as plain arrays [rows, context] in row order.
struct Batch {
  static constexpr std::int32_t kIgnored = -1;

  std::int64_t first_row = 0;  ///< place of its first row in the step's batch: names dropouts
  std::int64_t rows = 0;
  std::int64_t context = 0;
  std::vector<std::int32_t> inputs;
  std::vector<std::int32_t> targets;    ///< the id to predict at each place, or kIgnored
  std::vector<std::int32_t> positions;  ///< restarts in each document; padding counts on
  std::vector<std::int32_t>
      documents;  ///< number of the document within its row, −1 for padding; empty: one a row
};

/// What is asked of the model: the next token, or the token under a mask.
struct Objective {
  bool causal = true;
  std::int32_t vocabulary = 0;  ///< masked: random replacements are drawn from ids ≥ 4 below it
};

/// Documents that are longer than the context.
struct CutDocuments {
  std::uint64_t count = 0;
  std::uint64_t tokens = 0;      ///< that no pass ever sees
  std::uint64_t all_tokens = 0;  ///< of the text
};

/// A line for people: how many are cut at `context` tokens, and how much of the text is lost.
std::string to_text(const CutDocuments& cut, std::int64_t context);

/// Where the documents of layout `lines` stand in rows: next-fit, in the order given, so that a row
/// holds as many whole documents as fit. A document of n ids (`<s>` and `</s>` included) takes n −
/// 1 places where the next token is asked, n where a masked one is, at most `context`: the rest is
/// cut.
struct Packing {
  std::vector<std::uint64_t>
      row_begins;  ///< place in the order of each row's first document, and the end
  CutDocuments cut;
};

/// Training batches: each a pure function of (seed, step), so that a resumed run sees the same. An
/// epoch visits every window (layout stream, shifted by a new phase each epoch) or every row of
/// packed documents (layout lines) once, in a new order. All epochs have as many windows, so a
/// phase leaves out less than 2 · context tokens at the two ends.
class TrainingBatches {
 public:
  /// Throws Error where the text is shorter than one context, or its ids are not below
  /// objective.vocabulary (where that is given). `tokens` must outlive this.
  TrainingBatches(const TokenFile& tokens, std::int64_t context, Objective objective,
                  std::uint64_t seed);

  /// The batch of step number `step`, of `rows` rows, whose masks are keyed by step and row. Safe
  /// from any thread. Throws Error (Fault::kRun) on a damaged token file.
  Batch get(std::uint64_t step, std::int64_t rows) const { return get(step, rows, 0, rows); }
  /// Rows first … first + count − 1 of it: a micro-batch.
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
  std::uint64_t phases_ = 0;          ///< stream: their first window begins below this
};

/// Validation batches in order: consecutive windows of `context` inputs that do not overlap, each
/// token but the first predicted once (stream); every document once (lines). The masked tokens are
/// drawn from streams keyed by (seed, window). Masked windows cover every token.
class ValidationBatches {
 public:
  /// Throws Error as TrainingBatches does, save that the text may be as short as one prediction.
  ValidationBatches(const TokenFile& tokens, std::int64_t context, Objective objective,
                    std::uint64_t seed);

  std::uint64_t rows() const;
  /// Rows first … first+count−1 (fewer at the end); short rows are padded with targets ignored.
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
