#include "predict/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "predict/texts.h"

namespace qkv::predict {
namespace {

using spec::TextLayout;
using tests::kTexts;
using tests::rounding_of;

class ScoreText : public tests::TextsTest {};

TEST_F(ScoreText, StreamPredictsEachTokenButTheFirstOnce) {
  const auto causal = model(spec::Objective::kCausal);
  const std::vector<std::int32_t> ids = tokenizer_.encode(kTexts);
  double expected = 0;
  for (std::size_t begin = 0; begin + 1 < ids.size(); begin += 12) {
    std::vector<std::int32_t> seen;
    for (std::size_t place = begin; place < begin + 12 && place + 1 < ids.size(); ++place) {
      seen.push_back(ids[place]);
      expected += nats_after(*causal, seen, ids[place + 1]);
    }
  }
  const text::TokenFile stream = tokens(TextLayout::kStream);
  const Score score = score_text(*causal, stream, 1, 1);
  EXPECT_EQ(score.tokens, ids.size() - 1);
  EXPECT_EQ(score.text_bytes, std::string(kTexts).size());
  EXPECT_NEAR(score.nats, expected, rounding_of(score.tokens));
  const double bits = std::log(2.0) * static_cast<double>(score.text_bytes);
  EXPECT_NEAR(score.bits_per_byte(), expected / bits, rounding_of(score.tokens) / bits);
  EXPECT_EQ(score_text(*causal, stream, 1, 1).nats, score.nats);
}

TEST_F(ScoreText, LinesPredictEachDocumentWithItsEnd) {
  const auto causal = model(spec::Objective::kCausal);
  std::istringstream lines(kTexts);
  double expected = 0;
  std::uint64_t predicted = 0;
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::int32_t> seen = {text::Tokenizer::kBegin};
    std::vector<std::int32_t> ids = tokenizer_.encode(line);
    ids.push_back(text::Tokenizer::kEnd);
    for (const std::int32_t id : ids) {
      if (seen.size() > 12) break;  // cut at the context
      expected += nats_after(*causal, seen, id);
      seen.push_back(id);
      ++predicted;
    }
  }
  const text::TokenFile documents = tokens(TextLayout::kLines);
  const Score score = score_text(*causal, documents, 1, 1);
  EXPECT_EQ(score.tokens, predicted);
  EXPECT_NEAR(score.nats, expected, rounding_of(predicted));
  // The number of bytes that were cut is not known, so there is nothing to divide by.
  EXPECT_EQ(score.cut.count, 4U);
  EXPECT_TRUE(std::isnan(score.bits_per_byte()));
}

TEST_F(ScoreText, IsTheSameOnAnyNumberOfThreads) {
  std::string text;
  for (int copy = 0; copy < 150; ++copy) text += kTexts;  // several passes
  std::ofstream(scratch_ / "long.txt") << text;
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    const auto reader = model(objective);
    const text::TokenFile stream =
        text::open_tokens({scratch_ / "long.txt"}, tokenizer_, TextLayout::kStream);
    const Score alone = score_text(*reader, stream, 1, 1);
    EXPECT_GT(alone.tokens, 1000U);
    for (const int threads : {2, 5}) {
      const Score score = score_text(*reader, stream, 1, threads);
      EXPECT_EQ(score.nats, alone.nats) << objective << ", " << threads << " threads";
      EXPECT_EQ(score.correct, alone.correct);
      EXPECT_EQ(score.tokens, alone.tokens);
    }
  }
}

TEST_F(ScoreText, LinesThatFitHaveBitsPerByte) {
  const std::string text = "a cat sat\ncat and dog\n";
  std::ofstream(scratch_ / "short.txt") << text;
  const Score score =
      score_text(*model(spec::Objective::kCausal),
                 text::open_tokens({scratch_ / "short.txt"}, tokenizer_, TextLayout::kLines), 1, 1);
  EXPECT_EQ(score.cut.count, 0U);
  EXPECT_EQ(score.text_bytes, text.size());
  EXPECT_DOUBLE_EQ(score.bits_per_byte(),
                   score.nats / std::log(2.0) / static_cast<double>(text.size()));
}

}  // namespace
}  // namespace qkv::predict
