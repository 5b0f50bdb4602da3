#include "predict/changes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "predict/support.h"

namespace qkv::predict {
namespace {

using tests::nats_of;

using Ids = std::vector<std::int32_t>;

constexpr std::int64_t kVocabulary = 11;

/// Adds numbers to the mixed values of every token from `token` on in one layer, or more of them if
/// `layers` is larger. Its index counts from the first token that is read.
class Adder : public engine::Taps {
 public:
  Adder(std::int64_t layer, std::int64_t layers, std::int64_t token, float added)
      : layer_(layer), layers_(layers), token_(token), added_(added) {}

  bool wants(const engine::TapPlace& place) const override {
    return place.tap == engine::Tap::kMixed && place.layer >= layer_ &&
           place.layer < layer_ + layers_;
  }
  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    for (std::int64_t head = 0; head < value.shape[0]; ++head) {
      for (std::int64_t token = std::max<std::int64_t>(token_, 0); token < value.shape[1];
           ++token) {
        for (float& number : value[head][token].values())
          number += added_ * static_cast<float>(head);
      }
    }
  }

 private:
  std::int64_t layer_;
  std::int64_t layers_;
  std::int64_t token_;
  float added_;
};

/// Two taps, one after the other.
class Both : public engine::Taps {
 public:
  Both(engine::Taps& one, engine::Taps& other) : one_(one), other_(other) {}
  bool wants(const engine::TapPlace& place) const override {
    return one_.wants(place) || other_.wants(place);
  }
  void see(const engine::TapPlace& place, base::MutableView value) override {
    for (engine::Taps* taps : {&one_, &other_}) {
      if (taps->wants(place)) taps->see(place, value);
    }
  }

 private:
  engine::Taps& one_;
  engine::Taps& other_;
};

struct Asked {
  Ids ids;
  std::vector<Target> targets;
};

const std::vector<Asked> kAsked = {
    {{4, 7, 5, 9, 6}, {{4, 3}, {3, 10}, {4, 1}}}, {{1, 2}, {{1, 5}}}, {{8, 3, 3, 10}, {{2, 4}}}};

/// What a change adds, where.
struct Added {
  std::int64_t layer;
  std::int64_t layers;
  std::int64_t token;
};

/// In no order, so that a change that reads many tokens again comes before one that keeps them.
const std::vector<Added> kAdded = {{0, 1, 0}, {2, 1, 3}, {1, 2, 1}, {2, 1, 0},
                                   {0, 3, 4}, {1, 1, 2}, {0, 1, 1}};

std::vector<ScoredRow> rows_of(const std::vector<Asked>& asked) {
  std::vector<ScoredRow> rows;
  for (const Asked& one : asked) rows.push_back({.ids = one.ids, .targets = one.targets});
  return rows;
}

std::unique_ptr<engine::Model> model_of(spec::Objective objective) {
  spec::ModelConfig config = tests::tiny_model_config();
  config.layers = 3;
  config.attention.value_residual = true;  // later layers need the values of the first
  config.objective = objective;
  return tests::random_model(config, kVocabulary, 5);
}

std::vector<Change> changes_of(float added) {
  std::vector<Change> changes;
  for (const Added& one : kAdded) {
    changes.push_back({.first = {engine::Tap::kMixed, one.layer},
                       .token = one.token,
                       .make_taps = [=](std::int64_t kept) {
                         return std::make_unique<Adder>(one.layer, one.layers, one.token - kept,
                                                        added);
                       }});
  }
  return changes;
}

/// Changes nothing.
class Watcher : public engine::Taps {
 public:
  bool wants(const engine::TapPlace& place) const override {
    return place.tap == engine::Tap::kWeights;
  }
  void see(const engine::TapPlace& /*place*/, base::MutableView /*value*/) override {}
};

// An effect of rounding would look like a small effect of the change.
TEST(ScoreChanges, OfNothingChangeNoBit) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    const auto model = model_of(objective);
    const auto scores = score_changes(*model, rows_of(kAsked), 1, [](std::size_t) {
      std::vector<Change> changes = changes_of(0);
      for (Change& change : changes)
        change.make_taps = [](std::int64_t) { return std::make_unique<Watcher>(); };
      return changes;
    });
    for (std::size_t row = 0; row < kAsked.size(); ++row) {
      const std::size_t targets = kAsked[row].targets.size();
      for (std::size_t at = 0; at < scores[row].size(); ++at)
        EXPECT_EQ(scores[row][at].nats, scores[row][at % targets].nats) << objective << " " << row;
    }
  }
}

// Of logits below 16, which both ways compute alike: at most ten roundings of 2^-24 of that.
constexpr double kRounding = 1e-5;

TEST(ScoreChanges, EqualsReadingTheWholeTextWithEachChange) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    const auto model = model_of(objective);
    const auto scores =
        score_changes(*model, rows_of(kAsked), 1, [](std::size_t) { return changes_of(0.5F); });
    ASSERT_EQ(scores.size(), kAsked.size());
    for (std::size_t row = 0; row < kAsked.size(); ++row) {
      const auto& [ids, targets] = kAsked[row];
      ASSERT_EQ(scores[row].size(), (1 + kAdded.size()) * targets.size());
      const base::Array whole = tests::all_logits(*model, ids);
      auto next = scores[row].begin();
      for (const Target& target : targets)
        EXPECT_NEAR((next++)->nats, nats_of(whole, target), kRounding);
      for (const auto& [layer, layers, token] : kAdded) {
        Adder adder(layer, layers, token, 0.5F);
        const base::Array changed = tests::all_logits(*model, ids, &adder);
        for (const Target& target : targets) {
          EXPECT_NEAR(next->nats, nats_of(changed, target), kRounding)
              << objective << " row " << row << " layer " << layer << " token " << token;
          // Otherwise nothing was tested.
          if (token <= target.place) {
            EXPECT_GT(std::abs(next->nats - nats_of(whole, target)), 10 * kRounding);
          }
          ++next;
        }
      }
    }
  }
}

TEST(ScoreChanges, KeepWhatTheFirstTapsChanged) {
  const auto model = model_of(spec::Objective::kCausal);
  const std::vector<ScoredRow> rows = rows_of(kAsked);
  const auto scores = score_changes(
      *model, rows, 1,
      [](std::size_t) {
        std::vector<Change> changes;
        changes.push_back(
            {.first = {engine::Tap::kMixed, 1}, .token = 0, .make_taps = [](std::int64_t) {
               return std::make_unique<Adder>(1, 1, 0, 0.5F);
             }});
        return changes;
      },
      {}, [](std::size_t) { return std::make_unique<Adder>(0, 1, 0, -0.25F); });
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Adder first(0, 1, 0, -0.25F);
    Adder second(1, 1, 0, 0.5F);
    Both both(first, second);
    const base::Array before = tests::all_logits(*model, kAsked[row].ids, &first);
    const base::Array after = tests::all_logits(*model, kAsked[row].ids, &both);
    const std::vector<Target>& targets = kAsked[row].targets;
    for (std::size_t at = 0; at < targets.size(); ++at) {
      EXPECT_NEAR(scores[row][at].nats, nats_of(before, targets[at]), kRounding);
      EXPECT_NEAR(scores[row][targets.size() + at].nats, nats_of(after, targets[at]), kRounding);
    }
  }
}

TEST(ScoreChanges, ReadAgainOnlyWhatTheyAffect) {
  using engine::Tap;
  struct Case {
    Change change;
    std::int64_t kept;
  };
  // In the last layer, after keys and values, only the outputs of the targets' tokens matter. Two
  // tokens are always read.
  const std::vector<Case> cases = {{{.first = {Tap::kMixed, 0}, .token = 0, .make_taps = {}}, 0},
                                   {{.first = {Tap::kMixed, 1}, .token = 2, .make_taps = {}}, 2},
                                   {{.first = {Tap::kInput, 1}, .token = 4, .make_taps = {}}, 3},
                                   {{.first = {Tap::kValue, 2}, .token = 1, .make_taps = {}}, 1},
                                   {{.first = {Tap::kScores, 2}, .token = 1, .make_taps = {}}, 3}};
  const auto model = model_of(spec::Objective::kCausal);
  const Asked asked = {{4, 7, 5, 9, 6}, {{4, 2}, {3, 3}}};
  for (const Case& each : cases) {
    std::int64_t kept = -1;
    std::size_t counted = 0;
    Change change = each.change;
    change.make_taps = [&](std::int64_t first) {
      kept = first;
      return std::make_unique<Watcher>();
    };
    score_changes(*model, rows_of({asked}), 1, std::vector<Change>{change},
                  [&](std::size_t tokens) { counted += tokens; });
    EXPECT_EQ(kept, each.kept) << engine::tap_name(each.change.first);
    EXPECT_EQ(counted, 2 * asked.ids.size());
  }
}

/// Multiplies the numbers of one value, each second one by another factor, for the tokens from
/// `token` on. Its index counts from the first token that is read.
class Scaler : public engine::Taps {
 public:
  Scaler(engine::TapPlace place, std::int64_t token) : place_(place), token_(token) {}
  bool wants(const engine::TapPlace& place) const override { return place == place_; }
  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    if (value.shape.size() == 2) return scale(value);
    for (std::int64_t head = 0; head < value.shape[0]; ++head) scale(value[head]);
  }

 private:
  void scale(base::MutableView tokens) const {
    for (std::int64_t token = std::max<std::int64_t>(token_, 0); token < tokens.shape[0]; ++token) {
      float factor = 1.5F;
      for (float& number : tokens[token].values()) {
        number *= factor;
        factor = 2 - factor;
      }
    }
  }

  engine::TapPlace place_;
  std::int64_t token_;
};

TEST(ScoreChanges, OfEachValueOfALayerEqualReadingTheWholeText) {
  const Asked asked = {{4, 7, 5, 9, 6}, {{3, 10}, {4, 1}}};
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    const auto model = model_of(objective);
    const base::Array whole = tests::all_logits(*model, asked.ids);
    for (int tap = static_cast<int>(engine::Tap::kInput);
         tap <= static_cast<int>(engine::Tap::kOutput); ++tap) {
      for (std::int64_t layer = 0; layer < 3; ++layer) {
        const engine::TapPlace place = {static_cast<engine::Tap>(tap), layer};
        double largest = 0;  // effect
        for (const std::int64_t token : {0, 2, 4}) {
          const Change change = {
              .first = place, .token = token, .make_taps = [&](std::int64_t kept) {
                return std::make_unique<Scaler>(place, token - kept);
              }};
          const auto scores =
              score_changes(*model, rows_of({asked}), 1, std::vector<Change>{change}).front();
          Scaler scaler(place, token);
          const base::Array changed = tests::all_logits(*model, asked.ids, &scaler);
          for (std::size_t at = 0; at < asked.targets.size(); ++at) {
            const Target& target = asked.targets[at];
            EXPECT_NEAR(scores[asked.targets.size() + at].nats, nats_of(changed, target), kRounding)
                << objective << " " << engine::tap_name(place) << " from token " << token;
            largest =
                std::max(largest, std::abs(nats_of(changed, target) - nats_of(whole, target)));
          }
        }
        EXPECT_GT(largest, 10 * kRounding)
            << engine::tap_name(place);  // otherwise nothing was tested
      }
    }
  }
}

TEST(ScoreChanges, AreTheSameOnAnyNumberOfThreads) {
  const auto model = model_of(spec::Objective::kCausal);
  std::vector<Asked> asked;
  for (std::int32_t row = 0; row < 40; ++row)
    asked.push_back({Ids(1 + static_cast<std::size_t>(row) % 6, row % 11), {{row % 6, 3}}});
  const auto scores = [&](int threads) {
    std::vector<double> nats;
    for (const auto& row : score_changes(*model, rows_of(asked), threads,
                                         [](std::size_t) { return changes_of(0.5F); })) {
      for (const TargetScore& score : row) nats.push_back(score.nats);
    }
    return nats;
  };
  EXPECT_EQ(scores(1), scores(3));
}

}  // namespace
}  // namespace qkv::predict
