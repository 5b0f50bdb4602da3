#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/libtorch.h"
#include "model/model.h"

namespace qkv::inspect {

/// A piece, and the index of the token whose output predicts it.
struct Target {
  std::int64_t place = 0;
  std::int32_t piece = 0;

  bool operator==(const Target&) const = default;
};

/// A row of tokens and its targets. A view: its arrays must outlive it.
struct ScoredRow {
  std::span<const std::int32_t> ids;
  std::span<const Target> targets;
};

struct TargetScore {
  double nats = 0;         ///< log p of the piece
  bool likeliest = false;  ///< whether it is the most probable of all pieces
};

/// Rows that go through the model together, padded on the right to the longest.
struct RowBatch {
  std::vector<std::size_t> rows;      ///< their indices among all rows
  std::vector<std::int64_t> lengths;  ///< tokens in each
  std::int64_t tokens = 0;            ///< length of the longest
};

/// Taps that need to know which rows they receive.
class RowTaps : public model::Taps {
 public:
  /// Called before each pass.
  virtual void begin(const RowBatch& batch) = 0;
};

/// Called after each pass with the number of tokens that the model read in it, without padding.
using TokenCounter = std::function<void(std::size_t tokens)>;

/// Shows on a progress bar (Progress) how many of `tokens` have been read; no counter if `label` is
/// empty. Several calls of score_rows may share one.
TokenCounter token_progress(const std::string& label, std::size_t tokens);

/// The number of tokens in the rows.
std::size_t token_count(const std::vector<ScoredRow>& rows);

/// The score of every target, in the order of the rows and their targets. Rows of similar length
/// form a batch. Throws Error as the model does.
std::vector<TargetScore> score_rows(const model::Model& model, const std::vector<ScoredRow>& rows,
                                    const model::Runtime& runtime, const TokenCounter& counter = {},
                                    RowTaps* taps = nullptr);

}  // namespace qkv::inspect
