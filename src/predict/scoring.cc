#include "predict/scoring.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "base/parallel.h"
#include "base/progress.h"

namespace qkv::predict {
namespace {

/// The most positions whose logits are in memory at once.
constexpr std::size_t kPlaces = 48;

}  // namespace

Scorer::Scorer(const engine::Model& model)
    : model_(model),
      reader_(engine::make_reader(model)),
      powers_(static_cast<std::size_t>(model.vocabulary())) {}

void Scorer::score(const ScoredRow& row, engine::Taps* taps, std::span<TargetScore> scores) {
  const std::int64_t width = model_.config().width;
  const std::int64_t vocabulary = model_.vocabulary();
  const auto tokens = static_cast<std::int64_t>(row.ids.size());
  engine::Rows final;
  if (row.x != nullptr) {
    final = reader_->read_from(row.from_layer, {row.x, width, tokens - row.kept}, taps, row.kept,
                               row.first_values);
  } else {
    reader_->forget();
    final = reader_->read(row.ids, taps);
  }
  row_of_.assign(row.ids.size(), -1);
  for (auto target = row.targets.begin(); target != row.targets.end();) {
    places_.clear();
    final_.clear();
    for (; target != row.targets.end(); ++target) {
      std::int64_t& row_of = row_of_[static_cast<std::size_t>(target->place)];
      if (row_of >= 0) continue;
      if (places_.size() == kPlaces) break;
      row_of = static_cast<std::int64_t>(places_.size());
      places_.push_back(target->place);
      const float* vector = final.values + (target->place - row.kept) * final.stride;
      final_.insert(final_.end(), vector, vector + width);
    }
    const auto count = static_cast<std::int64_t>(places_.size());
    logits_.resize(static_cast<std::size_t>(count * vocabulary));
    model_.logits({final_.data(), width, count}, {logits_.data(), vocabulary, count});
    score_places(row, scores);
    for (const std::int64_t place : places_) row_of_[static_cast<std::size_t>(place)] = -1;
  }
}

void Scorer::score_places(const ScoredRow& row, std::span<TargetScore> scores) {
  const kernels::SoftmaxLoops& softmax = model_.loops().softmax;
  const std::int64_t vocabulary = model_.vocabulary();
  std::vector<double> log_total(places_.size());
  std::vector<float> highest(places_.size());
  for (std::size_t at = 0; at < places_.size(); ++at) {
    const float* logits = logits_.data() + static_cast<std::int64_t>(at) * vocabulary;
    highest[at] = softmax.highest(vocabulary, logits);
    log_total[at] =
        std::log(softmax.exponentials(vocabulary, logits, highest[at], 1, powers_.data()));
  }
  for (std::size_t target = 0; target < row.targets.size(); ++target) {
    const std::int64_t at = row_of_[static_cast<std::size_t>(row.targets[target].place)];
    if (at < 0) continue;
    const auto index = static_cast<std::size_t>(at);
    const float* logits = logits_.data() + at * vocabulary;
    const float logit = logits[row.targets[target].piece];
    // Of equal logits, the first piece counts.
    scores[target] = {
        .nats = static_cast<double>(logit) - static_cast<double>(highest[index]) - log_total[index],
        .likeliest = logit == highest[index] &&
                     std::find(logits, logits + row.targets[target].piece, logit) ==
                         logits + row.targets[target].piece};
  }
}

double scorer_bytes(const spec::ModelConfig& config, std::int64_t vocabulary,
                    const engine::ReaderUse& use) {
  constexpr auto kRows = static_cast<double>(kPlaces);
  const auto pieces = static_cast<double>(vocabulary);
  return engine::reader_bytes(config, vocabulary, use) +
         sizeof(float) * (kRows * (pieces + static_cast<double>(config.width)) + pieces) +
         sizeof(std::int64_t) * static_cast<double>(use.tokens);
}

void with_scorers(const engine::Model& model, std::size_t count, int threads,
                  const std::function<void(Scorer& scorer, std::size_t index)>& work) {
  std::mutex mutex;
  std::vector<std::unique_ptr<Scorer>> idle;
  base::for_each_in_parallel(count, threads, [&](std::size_t index) {
    std::unique_ptr<Scorer> scorer;
    if (const std::lock_guard lock(mutex); !idle.empty()) {
      scorer = std::move(idle.back());
      idle.pop_back();
    }
    if (!scorer) scorer = std::make_unique<Scorer>(model);
    work(*scorer, index);
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(scorer));
  });
}

TokenCounter token_progress(const std::string& label, std::size_t tokens) {
  if (label.empty()) return {};
  auto progress = std::make_shared<base::Progress>(label, "tokens", tokens);
  return [progress, done = std::size_t{0}](std::size_t more) mutable {
    done += more;
    progress->update(done);
  };
}

std::size_t token_count(const std::vector<ScoredRow>& rows) {
  std::size_t tokens = 0;
  for (const ScoredRow& row : rows) tokens += row.ids.size();
  return tokens;
}

std::vector<TargetScore> score_rows(const engine::Model& model, const std::vector<ScoredRow>& rows,
                                    int threads, const TokenCounter& counter,
                                    const MakeTaps& make_taps) {
  std::vector<std::size_t> begins;  // of each row's targets among all
  std::size_t targets = 0;
  for (const ScoredRow& row : rows) {
    begins.push_back(targets);
    targets += row.targets.size();
  }
  std::vector<TargetScore> scores(targets);
  std::mutex mutex;
  with_scorers(model, rows.size(), threads, [&](Scorer& scorer, std::size_t row) {
    const auto taps = make_taps ? make_taps(row) : nullptr;
    scorer.score(rows[row], taps.get(),
                 std::span(scores).subspan(begins[row], rows[row].targets.size()));
    if (!counter) return;
    const std::lock_guard lock(mutex);
    counter(rows[row].ids.size());
  });
  return scores;
}

std::size_t group_count(std::size_t rows) { return std::min<std::size_t>(rows, 64); }

void read_groups(const engine::Model& model, const std::vector<ScoredRow>& rows, int threads,
                 const TapsOfGroup& taps_of, const TokenCounter& counter) {
  const std::size_t groups = group_count(rows.size());
  std::mutex mutex;
  with_scorers(model, groups, threads, [&](Scorer& scorer, std::size_t group) {
    const std::size_t end = rows.size() * (group + 1) / groups;
    for (std::size_t row = rows.size() * group / groups; row < end; ++row) {
      ScoredRow read = rows[row];
      read.targets = {};
      scorer.score(read, taps_of(group, row), {});
      if (!counter) continue;
      const std::lock_guard lock(mutex);
      counter(read.ids.size());
    }
  });
}

}  // namespace qkv::predict
