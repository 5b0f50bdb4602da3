#include "evaluate/log_probability.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "evaluate/probes/probes.h"
#include "predict/texts.h"

namespace qkv::evaluate {
namespace {

using spec::TextLayout;
using tests::rounding_of;

class LogProbabilities : public tests::TextsTest {};

TEST_F(LogProbabilities, LogProbabilityIsTheSumOverTokens) {
  const auto causal = model(spec::Objective::kCausal);
  const std::string text = "a cat sat";
  std::vector<std::int32_t> seen = {text::Tokenizer::kBegin};
  double expected = 0;
  std::vector<std::int32_t> ids = tokenizer_.encode(text);
  ids.push_back(text::Tokenizer::kEnd);
  for (const std::int32_t id : ids) {
    expected -= nats_after(*causal, seen, id);
    seen.push_back(id);
  }
  // Together with a shorter and a longer text: padding changes nothing.
  const auto scores = log_probabilities(*causal, tokenizer_, TextLayout::kLines,
                                        {{"cat"}, {text}, {"a dog sat."}}, 1);
  EXPECT_NEAR(scores[1].nats, expected, rounding_of(ids.size()));
}

TEST_F(LogProbabilities, MaskedModelsScoreByPseudoLogLikelihood) {
  const auto masked = model(spec::Objective::kMasked);
  std::vector<std::int32_t> ids = tokenizer_.encode("cat");
  ids.insert(ids.begin(), text::Tokenizer::kBegin);
  ids.push_back(text::Tokenizer::kEnd);
  double expected = 0;
  for (std::size_t place = 1; place + 1 < ids.size(); ++place) {
    std::vector<std::int32_t> seen = ids;
    seen[place] = text::Tokenizer::kMask;
    expected -= nats_at(*masked, seen, place, ids[place]);
  }
  EXPECT_NEAR(log_probabilities(*masked, tokenizer_, TextLayout::kLines, {{"cat"}}, 1)[0].nats,
              expected, rounding_of(ids.size()));
}

TEST_F(LogProbabilities, APartIsScoredByItsTokensAlone) {
  const auto causal = model(spec::Objective::kCausal);
  const std::string text = "a cat sat.";
  const std::size_t cat = text.find("cat");
  const base::Span part{.begin = cat, .end = cat + 3};
  std::vector<std::int32_t> seen = {text::Tokenizer::kBegin};
  double expected = 0;
  for (const text::Token& token : tokenizer_.encode_with_offsets(text)) {
    if (part.overlaps({token.begin, token.end})) expected -= nats_after(*causal, seen, token.id);
    seen.push_back(token.id);
  }
  const auto scores =
      log_probabilities(*causal, tokenizer_, TextLayout::kLines, {{text, "", part}, {text}}, 1);
  EXPECT_NEAR(scores[0].nats, expected, rounding_of(part.end - part.begin));
  EXPECT_LT(scores[1].nats, scores[0].nats);
  // Later text changes nothing for a causal model.
  EXPECT_NEAR(
      log_probabilities(*causal, tokenizer_, TextLayout::kLines, {{"a cat ran.", "", part}}, 1)[0]
          .nats,
      expected, rounding_of(part.end - part.begin));
  EXPECT_THROW(log_probabilities(*causal, tokenizer_, TextLayout::kLines,
                                 {{text, "", base::Span{.begin = 90, .end = 91}}}, 1),
               base::Error);
}

class LogProbabilitiesOfWords : public tests::TextsTest {
 protected:
  LogProbabilitiesOfWords() : TextsTest(spec::TokenizerKind::kWord) {}
};

TEST_F(LogProbabilitiesOfWords, StreamScoresTheTextBehindANewLine) {
  const auto causal = model(spec::Objective::kCausal);
  const std::string text = "a\nQ mat";  // a zero-width space precedes the unknown word
  const base::Span part{.begin = 0, .end = 2};
  double all = 0;
  double first = 0;
  std::size_t of_no_width = 0;
  std::vector<std::int32_t> seen;
  for (const text::Token& token : tokenizer_.encode_with_offsets("\n" + text)) {
    const double nats = seen.empty() ? 0 : -nats_after(*causal, seen, token.id);
    seen.push_back(token.id);
    all += nats;
    if (token.begin < 1 + part.end) first += nats;
    of_no_width += token.begin == token.end;
  }
  EXPECT_GT(of_no_width, 0U);
  const auto scores =
      log_probabilities(*causal, tokenizer_, TextLayout::kStream, {{text}, {text, "", part}}, 1);
  EXPECT_NEAR(scores[0].nats, all, rounding_of(seen.size()));
  EXPECT_NEAR(scores[1].nats, first, rounding_of(seen.size()));
}

TEST_F(LogProbabilities, ProbesCountTheLikeliestCandidate) {
  const auto causal = model(spec::Objective::kCausal);
  const auto nats = log_probabilities(*causal, tokenizer_, TextLayout::kLines,
                                      {{"a cat", "", base::Span{.begin = 2, .end = 5}},
                                       {"a dog", "", base::Span{.begin = 2, .end = 5}}},
                                      1);
  const std::string likelier = nats[0].nats > nats[1].nats ? "cat" : "dog";
  const std::string other = likelier == "cat" ? "dog" : "cat";
  const auto probe = [](const std::string& family, const std::string& answer, std::size_t distance,
                        const base::Span& truth) {
    world::Probe made;
    made.family = family;
    made.text = "a " + answer + ".";
    made.predict = {.begin = 2, .end = 5};
    made.candidates = {"cat", "dog"};
    made.answer = answer;
    made.truth = {truth};
    made.distance = distance;
    return made;
  };
  const base::Span before{.begin = 0, .end = 1};
  const base::Span after{.begin = 5, .end = 6};
  const std::vector<world::Probe> probes = {
      probe("one", likelier, 3, before), probe("one", other, 30, before),
      probe("two", likelier, 3, before), probe("two", other, 3, after)};
  const AskedProbes asked(askable_probes(probes, /*causal=*/true), tokenizer_, TextLayout::kLines,
                          causal->config());
  const auto families = score_probes(*causal, asked, 1);
  ASSERT_EQ(families.size(), 2U);
  EXPECT_EQ(families[0].family, "one");
  EXPECT_EQ(families[0].count.accuracy(), 0.5);
  EXPECT_EQ(families[0].count.guessing(), 0.5);
  ASSERT_EQ(families[0].bands.size(), 2U);
  EXPECT_EQ(families[0].bands[0].count.accuracy(), 1.0);
  EXPECT_EQ(families[0].bands[1].count.accuracy(), 0.0);
  EXPECT_LE(families[0].bands[1].least, 30U);
  // In a causal model, text after it cannot help.
  EXPECT_EQ(families[1].count.probes, 1U);
  EXPECT_EQ(families[1].count.accuracy(), 1.0);
}

}  // namespace
}  // namespace qkv::evaluate
