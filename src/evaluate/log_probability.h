#pragma once

#include <string>
#include <vector>

#include "evaluate/reading.h"
#include "model/libtorch.h"
#include "model/model.h"

namespace qkv::evaluate {

struct LogProbability {
  double nats = 0;        ///< log p, summed over the tokens that count
  bool likeliest = true;  ///< whether each of them is the most probable of all pieces
};

/// Texts that are ready to be scored, repeatedly if needed. Readings of the same tokens share
/// a row; candidates of a single token therefore cost one row together.
class ScoredTexts {
 public:
  /// Throws Error as readings_of does.
  ScoredTexts(const std::vector<ScoredText>& texts, const text::Tokenizer& tokenizer,
              const std::string& layout, const spec::ModelConfig& model);

  std::size_t rows() const { return rows_.size(); }
  std::size_t tokens() const;  ///< of all rows

  /// log p of each text: the sum over its tokens, or over those that count. For a masked model, the
  /// pseudo-log-likelihood (Salazar et al. 2020).
  std::vector<LogProbability> scores(const model::Model& model, const model::Runtime& runtime,
                                     const inspect::TokenCounter& counter = {},
                                     inspect::RowTaps* taps = nullptr) const;

 private:
  struct Row {
    std::vector<std::int32_t> ids;
    std::vector<inspect::Target> targets;
    std::vector<std::size_t> texts;  ///< the text that each target belongs to
  };
  std::vector<Row> rows_;
  std::size_t texts_;
};

/// The scores of texts that are needed only once. Shows progress.
std::vector<LogProbability> log_probabilities(const model::Model& model,
                                              const text::Tokenizer& tokenizer,
                                              const std::string& layout,
                                              const std::vector<ScoredText>& texts,
                                              const model::Runtime& runtime);

}  // namespace qkv::evaluate
