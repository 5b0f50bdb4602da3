#include "inspect/scoring.h"

#include <gtest/gtest.h>

#include "inspect/intervening.h"

namespace qkv::inspect {
namespace {

using Ids = std::vector<std::int32_t>;

struct Question {
  Ids ids;
  std::vector<Target> targets;
};

std::vector<TargetScore> scored(const model::Transformer& model,
                                const std::vector<Question>& questions, RowTaps* taps = nullptr) {
  std::vector<ScoredRow> rows;
  for (const Question& question : questions)
    rows.push_back({.ids = question.ids, .targets = question.targets});
  return score_rows(model, rows, model::Runtime(), {}, taps);
}

// Rows of all lengths in one call, some with several targets at one position, some with none.
TEST(ScoreRows, IsTheModelsLogProbabilityInTheOrderOfTheRows) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    spec::ModelConfig config = testing::tiny_model_config();
    config.objective = objective;
    config.position = spec::Position::kLearned;
    const model::Transformer model = testing::uneven_model(config);
    const std::vector<Question> questions = {{{4, 5, 6, 7, 8}, {{4, 3}, {1, 9}, {4, 10}}},
                                             {{9}, {{0, 2}}},
                                             {{1, 2, 3}, {}},
                                             {{10, 9, 8}, {{2, 7}, {2, 6}, {0, 1}}}};
    const std::vector<TargetScore> scores = scored(model, questions);
    auto next = scores.begin();
    for (const Question& question : questions) {
      const model::Tensor logits =
          testing::logits_of(model, {question.ids.begin(), question.ids.end()});
      for (const Target& target : question.targets) {
        const model::Tensor row = logits[target.place].log_softmax(-1);
        // Of numbers below 16, at most ten roundings of 2^-24 of that.
        EXPECT_NEAR(next->nats, row[target.piece].item<double>(), 1e-5);
        EXPECT_EQ(next->likeliest, row.argmax().item<std::int64_t>() == target.piece);
        ++next;
      }
    }
    EXPECT_EQ(next, scores.end());
  }
}

/// Remembers the numbers that it receives.
class Listener : public RowTaps {
 public:
  void begin(const RowBatch& batch) override { batches.push_back(batch); }
  model::Tensor see(const std::string& name, model::Tensor value) override {
    if (name == "embedding") {
      EXPECT_EQ(value.size(0), static_cast<std::int64_t>(batches.back().rows.size()));
      EXPECT_EQ(value.size(1), batches.back().tokens);
    }
    return value;
  }
  std::vector<RowBatch> batches;
};

TEST(ScoreRows, TellsItsTapsWhichRowsTheySee) {
  const model::Transformer model = testing::uneven_model();
  std::vector<Question> questions;
  for (std::int32_t row = 0; row < 2000; ++row)
    questions.push_back({Ids(1 + static_cast<std::size_t>(row) % 6, row % 11), {}});
  Listener listener;
  EXPECT_TRUE(scored(model, questions, &listener).empty());
  EXPECT_GT(listener.batches.size(), 1U);
  std::vector<int> seen(questions.size());
  for (const RowBatch& batch : listener.batches) {
    for (std::size_t place = 0; place < batch.rows.size(); ++place) {
      ++seen[batch.rows[place]];
      EXPECT_EQ(batch.lengths[place],
                static_cast<std::int64_t>(questions[batch.rows[place]].ids.size()));
    }
  }
  EXPECT_EQ(seen, std::vector<int>(questions.size(), 1));
}

}  // namespace
}  // namespace qkv::inspect
