#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/reader.h"
#include "engine/size.h"

namespace qkv::predict {

/// A piece, and the index of the token whose output predicts it.
struct Target {
  std::int64_t place = 0;
  std::int32_t piece = 0;

  bool operator==(const Target&) const = default;
};

/// A text and its targets. A view: its arrays must outlive it.
struct ScoredRow {
  std::span<const std::int32_t> ids;
  std::span<const Target> targets;
  /// Only the layers from this one on are computed, from its input x [tokens, width], as
  /// engine::Reader::read_from does; null: all.
  std::int64_t from_layer = 0;
  const float* x = nullptr;
  engine::Rows first_values = {};  ///< with x, for a model that needs them
  /// With x: the first tokens, as many as this, stay as the scorer read them last, and x begins
  /// after them. REQUIRES no target among them.
  std::int64_t kept = 0;
};

struct TargetScore {
  double nats = 0;         ///< log p of the piece
  bool likeliest = false;  ///< whether it is the most probable of all pieces
};

/// Scores texts one after the other.
class Scorer {
 public:
  /// The model must outlive it.
  explicit Scorer(const engine::Model& model);

  /// The score of each target of the row, into `scores` [targets]. Throws Error as a reader does.
  void score(const ScoredRow& row, engine::Taps* taps, std::span<TargetScore> scores);

 private:
  /// Fills in those scores whose places have a logit row.
  void score_places(const ScoredRow& row, std::span<TargetScore> scores);

  const engine::Model& model_;
  std::unique_ptr<engine::Reader> reader_;
  std::vector<std::int64_t> places_;  ///< that have a logit row
  std::vector<std::int64_t> row_of_;  ///< by place: the logit row, or −1
  std::vector<float> final_;          ///< [places, width]
  std::vector<float> logits_;         ///< [places, vocabulary]
  std::vector<float> powers_;         ///< [vocabulary]
};

/// The bytes of a scorer that reads texts of so many tokens, with taps or without. As a double:
/// nothing overflows.
double scorer_bytes(const spec::ModelConfig& config, std::int64_t vocabulary,
                    const engine::ReaderUse& use);

/// Calls work(scorer, index) for each of 0 … count − 1, on `threads` threads side by side, each
/// with a scorer of its own.
void with_scorers(const engine::Model& model, std::size_t count, int threads,
                  const std::function<void(Scorer& scorer, std::size_t index)>& work);

/// Called after each row with the number of tokens that the model read in it, by one thread at a
/// time.
using TokenCounter = std::function<void(std::size_t tokens)>;

/// Shows on a progress bar (Progress) how many of `tokens` have been read; no counter if `label` is
/// empty. Several calls of score_rows may share one.
TokenCounter token_progress(const std::string& label, std::size_t tokens);

/// The number of tokens in the rows.
std::size_t token_count(const std::vector<ScoredRow>& rows);

/// Makes the taps of the row with this index, on the thread that reads it.
using MakeTaps = std::function<std::unique_ptr<engine::Taps>(std::size_t row)>;

/// The score of every target, in the order of the rows and their targets. `threads` threads read
/// rows side by side; no result depends on their number. Throws Error as a reader does.
std::vector<TargetScore> score_rows(const engine::Model& model, const std::vector<ScoredRow>& rows,
                                    int threads, const TokenCounter& counter = {},
                                    const MakeTaps& make_taps = {});

/// The number of groups into which as many rows are divided, in their order. What is summed group
/// by group does not depend on the number of threads.
std::size_t group_count(std::size_t rows);

/// The taps with which a row is read; those of one group are used by one thread at a time.
using TapsOfGroup = std::function<engine::Taps*(std::size_t group, std::size_t row)>;

/// Reads each row without its targets: groups side by side, the rows of a group one after the
/// other. Throws Error as a reader does.
void read_groups(const engine::Model& model, const std::vector<ScoredRow>& rows, int threads,
                 const TapsOfGroup& taps_of, const TokenCounter& counter = {});

}  // namespace qkv::predict
