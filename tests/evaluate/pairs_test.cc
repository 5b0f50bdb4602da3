#include "evaluate/pairs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <optional>

#include "base/error.h"
#include "evaluate/log_probability.h"
#include "predict/texts.h"

namespace qkv::evaluate {
namespace {

using spec::TextLayout;
using tests::rounding_of;

class Pairs : public tests::TextsTest {};

TEST_F(Pairs, CountByGroupAndATieCountsHalf) {
  const auto causal = model(spec::Objective::kCausal);
  const auto likelier =
      log_probabilities(*causal, tokenizer_, TextLayout::kLines, {{"a cat"}, {"a dog"}}, 1);
  const bool cat = likelier[0].nats > likelier[1].nats;
  const std::string good = cat ? "a cat" : "a dog";
  const std::string bad = cat ? "a dog" : "a cat";
  const std::vector<MinimalPair> pairs = {
      {good, bad, "right", ""}, {bad, good, "wrong", ""}, {good, good, "tie", ""}};
  const auto groups =
      pair_accuracies(pairs, score_pairs(*causal, tokenizer_, TextLayout::kLines, pairs, 1));
  ASSERT_EQ(groups.size(), 4U);
  EXPECT_EQ(groups[0].accuracy(), 1.0);
  EXPECT_EQ(groups[1].accuracy(), 0.0);
  EXPECT_EQ(groups[2].accuracy(), 0.5);
  EXPECT_EQ(groups[3].group, "all");
  EXPECT_EQ(groups[3].accuracy(), 0.5);
}

TEST_F(Pairs, LongerThanTheContextAreSkippedAndCounted) {
  const auto causal = model(spec::Objective::kCausal);
  std::string longest;
  for (std::int64_t word = 0; word <= causal->config().context; ++word) longest += "a cat ";
  const std::vector<MinimalPair> pairs = {{"a cat", "a dog", "short", "p:1"},
                                          {longest, "a dog", "long", "p:2"},
                                          {"a dog", longest, "short", "p:3"},
                                          {"a dog", "a cat", "short", "p:4"}};
  const auto scores = score_pairs(*causal, tokenizer_, TextLayout::kLines, pairs, 1);
  ASSERT_EQ(scores.size(), 4U);
  const auto alone =
      log_probabilities(*causal, tokenizer_, TextLayout::kLines, {{"a cat"}, {"a dog"}}, 1);
  ASSERT_TRUE(scores[0].has_value());
  EXPECT_DOUBLE_EQ(scores[0]->good, alone[0].nats);
  EXPECT_DOUBLE_EQ(scores[0]->bad, alone[1].nats);
  EXPECT_FALSE(scores[1] || scores[2]);
  ASSERT_TRUE(scores[3].has_value());
  EXPECT_DOUBLE_EQ(scores[3]->good, alone[1].nats);
  const auto groups = pair_accuracies(pairs, scores);
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].pairs, 2U);
  EXPECT_EQ(groups[0].skipped, 1U);
  EXPECT_EQ(groups[1].pairs, 0U);
  EXPECT_TRUE(std::isnan(groups[1].accuracy()));
  EXPECT_EQ(groups[2].skipped, 2U);
  try {
    score_pairs(*causal, tokenizer_, TextLayout::kLines, {pairs[1], pairs[2]}, 1);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("p:2 to p:3: found no pair that fits, "))
        << error.what();
  }
}

TEST_F(Pairs, APairAsLongAsTheContextIsScored) {
  const auto causal = model(spec::Objective::kCausal);
  std::string sentence;
  std::optional<double> nats;
  while (true) {  // the longest that can be read
    const auto scored = [&](const std::string& text) {
      return log_probabilities(*causal, tokenizer_, TextLayout::kLines, {{text}}, 1)[0].nats;
    };
    try {
      nats = scored(sentence + 'a');
    } catch (const base::Error&) {
      break;
    }
    sentence += 'a';
  }
  ASSERT_TRUE(nats);
  const std::vector<MinimalPair> pairs = {{sentence, "a", "", "p:1"}};
  const auto scores = score_pairs(*causal, tokenizer_, TextLayout::kLines, pairs, 1);
  ASSERT_TRUE(scores[0].has_value());
  EXPECT_NEAR(scores[0]->good, *nats, rounding_of(sentence.size() + 1));
}

TEST_F(Pairs, ReadsPairsAndNamesTheLineOfABadOne) {
  const auto path = scratch_ / "pairs.jsonl";
  std::ofstream(path)
      << R"({"sentence_good": "a", "sentence_bad": "b", "field": "syntax", "UID": "x"})"
      << "\n\n"
      << R"({"sentence_good": "c", "sentence_bad": "d", "other": 1})"
      << "\n";
  const auto pairs = read_pairs(path);
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].group, "x");
  EXPECT_EQ(pairs[1].bad, "d");
  std::ofstream(path, std::ios::app) << R"({"sentence_good": "c"})"
                                     << "\n";
  try {
    read_pairs(path);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("pairs.jsonl:4"), std::string::npos) << error.what();
  }
  // The name of the total: the report could not distinguish the two.
  std::ofstream(path) << R"({"sentence_good": "a", "sentence_bad": "b", "UID": "all"})";
  EXPECT_THROW(read_pairs(path), base::Error);
}

}  // namespace
}  // namespace qkv::evaluate
