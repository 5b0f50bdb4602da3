#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "predict/scoring.h"

namespace qkv::predict {

/// A change of what a Transformer computes for a text: taps that change no value before this one,
/// in the order of a pass, and none of earlier tokens than this one. (What a query does, such as
/// its row of weights, is a value of the query's token.)
struct Change {
  engine::TapPlace first = {.tap = engine::Tap::kInput, .layer = 0};  ///< of a layer
  std::int64_t token = 0;
  /// Makes the taps, on the thread that reads. They see the text from token `kept` on, as
  /// engine::Reader::read_from says.
  std::function<std::unique_ptr<engine::Taps>(std::int64_t kept)> make_taps;
};

/// The changes of the row with this index.
using ChangesOf = std::function<std::vector<Change>(std::size_t row)>;

/// Scores each row as the model reads it, and then with each of its changes: [row], one reading
/// after the other, and the targets of each in their order. `first` makes taps for a row's first
/// reading; what comes before a change stays as they left it. Only what a change can affect is
/// computed again, but `counter` counts all tokens of each reading. Threads as in score_rows.
/// REQUIRES a Transformer, and a target in each row. Throws Error as a reader does.
std::vector<std::vector<TargetScore>> score_changes(const engine::Model& model,
                                                    const std::vector<ScoredRow>& rows, int threads,
                                                    const ChangesOf& changes_of,
                                                    const TokenCounter& counter = {},
                                                    const MakeTaps& first = {});
/// The same with the same changes of each row.
std::vector<std::vector<TargetScore>> score_changes(const engine::Model& model,
                                                    const std::vector<ScoredRow>& rows, int threads,
                                                    const std::vector<Change>& changes,
                                                    const TokenCounter& counter = {},
                                                    const MakeTaps& first = {});

}  // namespace qkv::predict
