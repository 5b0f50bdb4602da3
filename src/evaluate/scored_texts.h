#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "evaluate/log_probability.h"
#include "predict/changes.h"

namespace qkv::evaluate {

/// Texts that are ready to be scored, repeatedly if needed. Readings of the same tokens share
/// a row; candidates of a single token therefore cost one row together.
class ScoredTexts {
 public:
  /// Throws Error as readings_of does.
  ScoredTexts(const std::vector<ScoredText>& texts, const text::Tokenizer& tokenizer,
              spec::TextLayout layout, const spec::ModelConfig& model);

  std::vector<predict::ScoredRow> rows() const;
  std::size_t tokens() const;  ///< of all rows

  /// log p of each text: the sum over its tokens, or over those that count. For a masked model, the
  /// pseudo-log-likelihood (Salazar et al. 2020).
  std::vector<LogProbability> scores(const engine::Model& model, int threads,
                                     const predict::TokenCounter& counter = {}) const;

  /// The same with each of these changes (predict::score_changes), [reading][text]; the first
  /// reading is without.
  std::vector<std::vector<LogProbability>> scores_with(const std::vector<predict::Change>& changes,
                                                       const engine::Model& model, int threads,
                                                       const predict::TokenCounter& counter = {},
                                                       const predict::MakeTaps& first = {}) const;

 private:
  struct Row {
    std::vector<std::int32_t> ids;
    std::vector<predict::Target> targets;
    std::vector<std::size_t> texts;  ///< the text that each target belongs to
  };
  /// `scores` are those of all targets, row by row.
  std::vector<LogProbability> by_text(const std::vector<predict::TargetScore>& scores) const;

  std::vector<Row> rows_;
  std::size_t texts_;
};

}  // namespace qkv::evaluate
