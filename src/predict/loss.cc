#include "predict/loss.h"

#include <cmath>
#include <limits>
#include <mutex>
#include <numbers>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "predict/scoring.h"

namespace qkv::predict {
namespace {

/// A row's documents with their targets. Tokens after the last target of a causal model's document
/// change nothing and are left out.
class Documents {
 public:
  explicit Documents(bool causal) : causal_(causal) {}

  /// Calls use(row) for each document of the batch's first row that has a target.
  template <typename Use>
  void for_each(const text::Batch& batch, Use use) {
    for (std::int64_t begin = 0; begin < batch.context;) {
      std::int64_t end = begin + 1;
      while (end < batch.context && document(batch, end) == document(batch, begin)) ++end;
      if (document(batch, begin) >= 0) read(batch, begin, end);
      if (!targets_.empty()) use(ScoredRow{.ids = ids_, .targets = targets_});
      targets_.clear();
      begin = end;
    }
  }

 private:
  static std::int32_t document(const text::Batch& batch, std::int64_t place) {
    return batch.documents.empty() ? 0 : batch.documents[static_cast<std::size_t>(place)];
  }

  void read(const text::Batch& batch, std::int64_t begin, std::int64_t end) {
    for (std::int64_t place = begin; place < end; ++place) {
      const std::int32_t target = batch.targets[static_cast<std::size_t>(place)];
      if (target != text::Batch::kIgnored)
        targets_.push_back({.place = place - begin, .piece = target});
    }
    if (targets_.empty()) return;
    if (causal_) end = begin + targets_.back().place + 1;
    ids_.assign(batch.inputs.begin() + begin, batch.inputs.begin() + end);
  }

  bool causal_;
  std::vector<std::int32_t> ids_;
  std::vector<Target> targets_;
};

}  // namespace

double Score::perplexity() const { return std::exp(loss()); }

double Score::bits_per_byte() const {
  if (cut.count > 0) return std::numeric_limits<double>::quiet_NaN();
  return nats / std::numbers::ln2 / static_cast<double>(text_bytes);
}

void require_predictions(const Score& score) {
  if (score.tokens == 0)
    throw base::Error("the text to evaluate holds no token to predict; expected at least one");
}

Score score_text(const engine::Model& model, const text::TokenFile& tokens, std::uint64_t seed,
                 int threads, const std::string& label) {
  const spec::ModelConfig& config = model.config();
  const text::Objective objective{.causal = config.causal(),
                                  .vocabulary = static_cast<std::int32_t>(model.vocabulary())};
  const text::ValidationBatches batches(tokens, config.context, objective, seed);
  const std::uint64_t rows = batches.rows();

  std::optional<base::Progress> progress;
  if (!label.empty()) progress.emplace(label, "rows", rows);
  std::vector<Score> parts(rows);
  std::uint64_t done = 0;
  std::mutex mutex;
  with_scorers(model, rows, threads, [&](Scorer& scorer, std::size_t row) {
    Score& part = parts[row];
    Documents documents(config.causal());
    documents.for_each(batches.get(row, 1), [&](const ScoredRow& document) {
      std::vector<TargetScore> scores(document.targets.size());
      scorer.score(document, nullptr, scores);
      part.tokens += scores.size();
      for (const TargetScore& score : scores) {
        part.nats -= score.nats;
        if (score.likeliest) ++part.correct;
      }
    });
    const std::lock_guard lock(mutex);
    if (progress) progress->update(++done);
  });

  Score score;
  score.text_bytes = tokens.text_bytes();
  score.cut = batches.cut();
  for (const Score& part : parts) {
    score.nats += part.nats;
    score.tokens += part.tokens;
    score.correct += part.correct;
  }
  require_predictions(score);
  return score;
}

double score_text_bytes(const spec::ModelConfig& config, std::int64_t vocabulary,
                        std::int64_t threads) {
  // A row: ids, positions, targets and documents, then its targets and their scores.
  constexpr double kToken =
      4 * sizeof(std::int32_t) + sizeof(Target) + sizeof(TargetScore) + sizeof(std::int32_t);
  return static_cast<double>(threads) *
         (scorer_bytes(config, vocabulary, {.tokens = config.context}) +
          kToken * static_cast<double>(config.context));
}

}  // namespace qkv::predict
