#include "evaluate/log_probability.h"

#include <map>

namespace qkv::evaluate {

ScoredTexts::ScoredTexts(const std::vector<ScoredText>& texts, const text::Tokenizer& tokenizer,
                         const std::string& layout, const spec::ModelConfig& model)
    : texts_(texts.size()) {
  std::map<std::vector<std::int32_t>, std::size_t> known;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    for (const Reading& reading : readings_of(texts[text], tokenizer, layout, model)) {
      const auto [place, added] = known.emplace(reading.ids, rows_.size());
      if (added) rows_.push_back({.ids = reading.ids, .targets = {}, .texts = {}});
      Row& row = rows_[place->second];
      row.targets.insert(row.targets.end(), reading.targets.begin(), reading.targets.end());
      row.texts.resize(row.targets.size(), text);
    }
  }
}

std::size_t ScoredTexts::tokens() const {
  std::size_t tokens = 0;
  for (const Row& row : rows_) tokens += row.ids.size();
  return tokens;
}

std::vector<LogProbability> ScoredTexts::scores(const model::Model& model,
                                                const model::Runtime& runtime,
                                                const inspect::TokenCounter& counter,
                                                inspect::RowTaps* taps) const {
  std::vector<inspect::ScoredRow> views;
  for (const Row& row : rows_) views.push_back({.ids = row.ids, .targets = row.targets});
  const std::vector<inspect::TargetScore> scores =
      inspect::score_rows(model, views, runtime, counter, taps);

  std::vector<LogProbability> out(texts_);
  auto next = scores.begin();
  for (const Row& row : rows_) {
    for (const std::size_t text : row.texts) {
      out[text].nats += next->nats;
      out[text].likeliest = next->likeliest && out[text].likeliest;
      ++next;
    }
  }
  return out;
}

std::vector<LogProbability> log_probabilities(const model::Model& model,
                                              const text::Tokenizer& tokenizer,
                                              const std::string& layout,
                                              const std::vector<ScoredText>& texts,
                                              const model::Runtime& runtime) {
  const ScoredTexts scored(texts, tokenizer, layout, model.config());
  return scored.scores(model, runtime, inspect::token_progress("scoring", scored.tokens()));
}

}  // namespace qkv::evaluate
