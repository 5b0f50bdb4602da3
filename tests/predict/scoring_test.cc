#include "predict/scoring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "predict/support.h"
#include "rounding.h"

namespace qkv::predict {
namespace {

using Ids = std::vector<std::int32_t>;

struct Question {
  Ids ids;
  std::vector<Target> targets;
};

constexpr std::int64_t kPieces = 11;

std::vector<ScoredRow> rows_of(const std::vector<Question>& questions) {
  std::vector<ScoredRow> rows;
  for (const Question& question : questions)
    rows.push_back({.ids = question.ids, .targets = question.targets});
  return rows;
}

// The logits are the same numbers. A log probability adds to them a logarithm of a sum of powers
// in float32, each with a few roundings relative to itself: eight are enough for all.
constexpr double kLogRounding = 8 * tests::kFloat32;

// Rows of all lengths in one call, some with several targets at one position, some with none.
TEST(ScoreRows, IsTheModelsLogProbabilityInTheOrderOfTheRows) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    spec::ModelConfig config = tests::tiny_model_config();
    config.objective = objective;
    config.position = spec::Position::kLearned;
    const auto model = tests::random_model(config, kPieces, /*seed=*/5);
    const std::vector<Question> questions = {{{4, 5, 6, 7, 8}, {{4, 3}, {1, 9}, {4, 10}}},
                                             {{9}, {{0, 2}}},
                                             {{1, 2, 3}, {}},
                                             {{10, 9, 8}, {{2, 7}, {2, 6}, {0, 1}}}};
    for (const int threads : {1, 3}) {
      const std::vector<TargetScore> scores = score_rows(*model, rows_of(questions), threads);
      auto next = scores.begin();
      for (const Question& question : questions) {
        const base::Array logits = tests::all_logits(*model, question.ids);
        for (const Target& target : question.targets) {
          EXPECT_NEAR(next->nats, tests::nats_of(logits, target), kLogRounding);
          const auto row = logits[target.place].values();
          EXPECT_EQ(next->likeliest,
                    std::max_element(row.begin(), row.end()) == row.begin() + target.piece);
          ++next;
        }
      }
      EXPECT_EQ(next, scores.end());
    }
  }
}

// More positions than have logits at once, each several times; one of its pieces is the likeliest.
TEST(ScoreRows, TakesManyTargetsOfARow) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.context = 100;
  const auto model = tests::random_model(config, kPieces, /*seed=*/5);
  Question question;
  for (std::int32_t place = 0; place < 100; ++place)
    question.ids.push_back(place * place % static_cast<std::int32_t>(kPieces));
  for (std::int32_t piece = 0; piece < kPieces; ++piece) {
    for (std::int32_t place = 0; place < 100; ++place)
      question.targets.push_back({.place = 99 - place, .piece = piece});
  }
  const std::vector<TargetScore> scores = score_rows(*model, rows_of({question}), 1);
  const base::Array logits = tests::all_logits(*model, question.ids);
  int likeliest = 0;
  for (std::size_t target = 0; target < scores.size(); ++target) {
    EXPECT_NEAR(scores[target].nats, tests::nats_of(logits, question.targets[target]),
                kLogRounding);
    likeliest += scores[target].likeliest ? 1 : 0;
  }
  EXPECT_EQ(likeliest, 100);
}

/// Remembers the embeddings that it receives.
class Listener : public engine::Taps {
 public:
  explicit Listener(std::vector<base::Array>& seen) : seen_(seen) {}
  bool wants(const engine::TapPlace& place) const override {
    return place.tap == engine::Tap::kEmbedding;
  }
  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    base::Array& copy = seen_.emplace_back();
    copy.shape = {value.shape.begin(), value.shape.end()};
    copy.values = {value.values().begin(), value.values().end()};
  }

 private:
  std::vector<base::Array>& seen_;
};

TEST(ScoreRows, EachRowHasItsOwnTaps) {
  const auto model = tests::random_model(tests::tiny_model_config(), kPieces, /*seed=*/5);
  std::vector<Question> questions;
  for (std::int32_t row = 0; row < 2000; ++row)
    questions.push_back({Ids(1 + static_cast<std::size_t>(row) % 6, row % 11), {}});
  for (const int threads : {1, 3}) {
    std::vector<std::vector<base::Array>> seen(questions.size());
    std::size_t read = 0;
    const auto scores = score_rows(
        *model, rows_of(questions), threads, [&](std::size_t tokens) { read += tokens; },
        [&](std::size_t row) { return std::make_unique<Listener>(seen[row]); });
    EXPECT_TRUE(scores.empty());
    EXPECT_EQ(read, token_count(rows_of(questions)));
    for (std::size_t row = 0; row < seen.size(); ++row) {
      const Ids& ids = questions[row].ids;
      ASSERT_EQ(seen[row].size(), 1U);
      const base::Array& found = seen[row].front();
      EXPECT_EQ(found.shape, (std::vector<std::int64_t>{static_cast<std::int64_t>(ids.size()), 8}));
      const std::span<const float> expected = model->embedding()[ids.front()].values();
      for (std::size_t at = 0; at < found.values.size(); ++at)
        EXPECT_EQ(found.values[at], expected[at % 8]);
    }
  }
}

}  // namespace
}  // namespace qkv::predict
