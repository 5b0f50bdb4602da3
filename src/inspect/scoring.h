#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/libtorch.h"
#include "model/model.h"

namespace qkv::inspect {

/// A piece, and the place of the token whose output predicts it.
struct Target {
  std::int64_t place = 0;
  std::int32_t piece = 0;

  bool operator==(const Target&) const = default;
};

/// A row of tokens and what is asked of it. A view: its arrays outlive it.
struct ScoredRow {
  std::span<const std::int32_t> ids;
  std::span<const Target> targets;
};

struct TargetScore {
  double nats = 0;         ///< log p of the piece
  bool likeliest = false;  ///< whether the model finds it likelier than any other
};

/// Rows that go through the model together, padded on the right to the longest.
struct RowBatch {
  std::vector<std::size_t> rows;      ///< their places among all rows
  std::vector<std::int64_t> lengths;  ///< tokens of each
  std::int64_t tokens = 0;            ///< of the longest
};

/// Taps that must know which rows they see.
class RowTaps : public model::Taps {
 public:
  /// Comes before each pass.
  virtual void begin(const RowBatch& batch) = 0;
};

/// Is told after each pass how many tokens the model read in it, padding not counted.
using TokenCounter = std::function<void(std::size_t tokens)>;

/// Shows on a progress bar (Progress) how many of `tokens` have been read; no counter where `label`
/// is empty. Several calls of score_rows may share one.
TokenCounter token_progress(const std::string& label, std::size_t tokens);

/// How many tokens the rows hold.
std::size_t token_count(const std::vector<ScoredRow>& rows);

/// The score of every target, in the order of the rows and their targets. Rows go in batches of
/// near-equal length. Throws Error as the model does.
std::vector<TargetScore> score_rows(const model::Model& model, const std::vector<ScoredRow>& rows,
                                    const model::Runtime& runtime, const TokenCounter& counter = {},
                                    RowTaps* taps = nullptr);

}  // namespace qkv::inspect
