#include "evaluate/scored_texts.h"

#include <map>
#include <span>

#include "engine/model.h"
#include "evaluate/reading.h"

namespace qkv::evaluate {

ScoredTexts::ScoredTexts(const std::vector<ScoredText>& texts, const text::Tokenizer& tokenizer,
                         spec::TextLayout layout, const spec::ModelConfig& model)
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

std::vector<predict::ScoredRow> ScoredTexts::rows() const {
  std::vector<predict::ScoredRow> views;
  for (const Row& row : rows_) views.push_back({.ids = row.ids, .targets = row.targets});
  return views;
}

std::size_t ScoredTexts::tokens() const { return predict::token_count(rows()); }

std::vector<LogProbability> ScoredTexts::scores(const engine::Model& model, int threads,
                                                const predict::TokenCounter& counter) const {
  return by_text(predict::score_rows(model, rows(), threads, counter));
}

std::vector<std::vector<LogProbability>> ScoredTexts::scores_with(
    const std::vector<predict::Change>& changes, const engine::Model& model, int threads,
    const predict::TokenCounter& counter, const predict::MakeTaps& first) const {
  const auto scores = predict::score_changes(model, rows(), threads, changes, counter, first);
  std::vector<std::vector<LogProbability>> out;
  for (std::size_t reading = 0; reading <= changes.size(); ++reading) {
    std::vector<predict::TargetScore> of_reading;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const std::size_t targets = rows_[row].targets.size();
      const auto own = std::span(scores[row]).subspan(reading * targets, targets);
      of_reading.insert(of_reading.end(), own.begin(), own.end());
    }
    out.push_back(by_text(of_reading));
  }
  return out;
}

std::vector<LogProbability> ScoredTexts::by_text(
    const std::vector<predict::TargetScore>& scores) const {
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

std::vector<LogProbability> log_probabilities(const engine::Model& model,
                                              const text::Tokenizer& tokenizer,
                                              spec::TextLayout layout,
                                              const std::vector<ScoredText>& texts, int threads) {
  const ScoredTexts scored(texts, tokenizer, layout, model.config());
  return scored.scores(model, threads, predict::token_progress("scoring", scored.tokens()));
}

}  // namespace qkv::evaluate
