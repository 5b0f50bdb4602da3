#include "evaluate/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/error.h"
#include "evaluate/log_probability.h"
#include "evaluate/pairs.h"
#include "evaluate/probes.h"
#include "model/transformer.h"
#include "rounding.h"
#include "scratch.h"
#include "text/corpus.h"

namespace qkv::evaluate {
namespace {

using testing::Scratch;

constexpr const char* kText =
    "a cat sat on a mat\na dog ran to a log\ncat and dog\nthe end is near\na\nso it goes on\n";

/// How far the log probabilities of so many tokens may be off in all, on any processor: each is a
/// number below 8 in float32, with at most ten roundings.
constexpr double rounding_of(std::uint64_t tokens) {
  return static_cast<double>(tokens) * 10 * 8 * testing::kFloat32;
}

class EvaluateTest : public ::testing::Test {
 protected:
  explicit EvaluateTest(const std::string& kind = "char") : tokenizer_(learn(kind)) {
    ::setenv("QKV_CACHE", (scratch_ / "cache").c_str(), 1);
  }

  static text::Tokenizer learn(const std::string& kind) {
    bool given = false;
    return text::Tokenizer::train({.kind = kind, .vocabulary = 64, .path = {}},
                                  [&]() -> std::string_view {
                                    const bool again = given;
                                    given = true;
                                    return again ? std::string_view() : std::string_view(kText);
                                  });
  }
  model::Transformer model(spec::Objective objective) const {
    spec::ModelConfig config;
    config.layers = 1;
    config.heads = config.key_value_heads = 2;
    config.width = 16;
    config.context = 12;
    config.feed_forward.width = 32;
    config.objective = objective;
    model::Transformer model(config, tokenizer_.size(), 5);
    const torch::NoGradGuard no_gradients;
    for (const auto& [name, weight] : model.parameters().list())
      model::Tensor(weight).mul_(8);  // far from a uniform distribution
    return model;
  }
  text::TokenFile tokens(const std::string& layout) {
    const auto path = scratch_ / (layout + ".txt");
    std::ofstream(path) << kText;
    return text::open_tokens({path}, tokenizer_, layout);
  }
  /// −log p of `target` as the token after `ids`, by plain loops over the logits.
  static double nats_after(const model::Transformer& model, const std::vector<std::int32_t>& ids,
                           std::int32_t target) {
    const model::Tensor row =
        torch::tensor(at::ArrayRef<std::int32_t>(ids), at::kLong).unsqueeze(0);
    const model::Tensor logits =
        model.logits(model.hidden({.ids = row, .positions = {}, .documents = {}}))[0][-1].to(
            at::kDouble);
    double sum = 0;
    for (std::int64_t id = 0; id < logits.size(0); ++id) sum += std::exp(logits[id].item<double>());
    return std::log(sum) - logits[target].item<double>();
  }

  Scratch scratch_;
  text::Tokenizer tokenizer_;
};

TEST_F(EvaluateTest, StreamPredictsEachTokenButTheFirstOnce) {
  const torch::NoGradGuard no_gradients;
  const model::Transformer causal = model(spec::Objective::kCausal);
  const std::vector<std::int32_t> ids = tokenizer_.encode(kText);
  double expected = 0;
  for (std::size_t begin = 0; begin + 1 < ids.size(); begin += 12) {
    std::vector<std::int32_t> seen;
    for (std::size_t place = begin; place < begin + 12 && place + 1 < ids.size(); ++place) {
      seen.push_back(ids[place]);
      expected += nats_after(causal, seen, ids[place + 1]);
    }
  }
  const text::TokenFile stream = tokens("stream");
  const Score score = evaluate(causal, stream, 1, model::Runtime());
  EXPECT_EQ(score.tokens, ids.size() - 1);
  EXPECT_EQ(score.text_bytes, std::string(kText).size());
  EXPECT_NEAR(score.nats, expected, rounding_of(score.tokens));
  const double bits = std::log(2.0) * static_cast<double>(score.text_bytes);
  EXPECT_NEAR(score.bits_per_byte(), expected / bits, rounding_of(score.tokens) / bits);
  EXPECT_EQ(evaluate(causal, stream, 1, model::Runtime()).nats, score.nats);
}

TEST_F(EvaluateTest, LinesPredictEachDocumentWithItsEnd) {
  const torch::NoGradGuard no_gradients;
  const model::Transformer causal = model(spec::Objective::kCausal);
  std::istringstream lines(kText);
  double expected = 0;
  std::uint64_t predicted = 0;
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::int32_t> seen = {text::Tokenizer::kBegin};
    std::vector<std::int32_t> ids = tokenizer_.encode(line);
    ids.push_back(text::Tokenizer::kEnd);
    for (const std::int32_t id : ids) {
      if (seen.size() > 12) break;  // cut at the context
      expected += nats_after(causal, seen, id);
      seen.push_back(id);
      ++predicted;
    }
  }
  const text::TokenFile documents = tokens("lines");
  const Score score = evaluate(causal, documents, 1, model::Runtime());
  EXPECT_EQ(score.tokens, predicted);
  EXPECT_NEAR(score.nats, expected, rounding_of(predicted));
  // The number of bytes that were cut is not known, so there is nothing to divide by.
  EXPECT_EQ(score.cut.count, 4U);
  EXPECT_TRUE(std::isnan(score.bits_per_byte()));
}

TEST_F(EvaluateTest, IsTheSameOnAnyNumberOfThreads) {
  std::string text;
  for (int copy = 0; copy < 150; ++copy) text += kText;  // several passes
  std::ofstream(scratch_ / "long.txt") << text;
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    const model::Transformer reader = model(objective);
    const text::TokenFile stream = text::open_tokens({scratch_ / "long.txt"}, tokenizer_, "stream");
    const Score alone = evaluate(reader, stream, 1, model::Runtime());
    EXPECT_GT(alone.tokens, 1000U);
    for (const int threads : {2, 5}) {
      const Score score = evaluate(reader, stream, 1, {.threads = threads});
      EXPECT_EQ(score.nats, alone.nats) << objective << ", " << threads << " threads";
      EXPECT_EQ(score.correct, alone.correct);
      EXPECT_EQ(score.tokens, alone.tokens);
    }
  }
}

TEST_F(EvaluateTest, LinesThatFitHaveBitsPerByte) {
  const std::string text = "a cat sat\ncat and dog\n";
  std::ofstream(scratch_ / "short.txt") << text;
  const Score score = evaluate(model(spec::Objective::kCausal),
                               text::open_tokens({scratch_ / "short.txt"}, tokenizer_, "lines"), 1,
                               model::Runtime());
  EXPECT_EQ(score.cut.count, 0U);
  EXPECT_EQ(score.text_bytes, text.size());
  EXPECT_DOUBLE_EQ(score.bits_per_byte(),
                   score.nats / std::log(2.0) / static_cast<double>(text.size()));
}

TEST_F(EvaluateTest, LogProbabilityIsTheSumOverTokens) {
  const torch::NoGradGuard no_gradients;
  const model::Transformer causal = model(spec::Objective::kCausal);
  const std::string text = "a cat sat";
  std::vector<std::int32_t> seen = {text::Tokenizer::kBegin};
  double expected = 0;
  std::vector<std::int32_t> ids = tokenizer_.encode(text);
  ids.push_back(text::Tokenizer::kEnd);
  for (const std::int32_t id : ids) {
    expected -= nats_after(causal, seen, id);
    seen.push_back(id);
  }
  // Together with a shorter and a longer text: padding changes nothing.
  const auto scores = log_probabilities(causal, tokenizer_, "lines",
                                        {{"cat"}, {text}, {"a dog sat."}}, model::Runtime());
  EXPECT_NEAR(scores[1].nats, expected, rounding_of(ids.size()));
}

TEST_F(EvaluateTest, MaskedModelsScoreByPseudoLogLikelihood) {
  const torch::NoGradGuard no_gradients;
  const model::Transformer masked = model(spec::Objective::kMasked);
  std::vector<std::int32_t> ids = tokenizer_.encode("cat");
  ids.insert(ids.begin(), text::Tokenizer::kBegin);
  ids.push_back(text::Tokenizer::kEnd);
  double expected = 0;
  for (std::size_t place = 1; place + 1 < ids.size(); ++place) {
    std::vector<std::int32_t> seen = ids;
    seen[place] = text::Tokenizer::kMask;
    const model::Tensor row =
        torch::tensor(at::ArrayRef<std::int32_t>(seen), at::kLong).unsqueeze(0);
    const model::Tensor logits =
        masked.logits(masked.hidden({.ids = row, .positions = {}, .documents = {}}))[0];
    expected += logits.log_softmax(-1)[static_cast<std::int64_t>(place)][ids[place]].item<double>();
  }
  EXPECT_NEAR(log_probabilities(masked, tokenizer_, "lines", {{"cat"}}, model::Runtime())[0].nats,
              expected, rounding_of(ids.size()));
}

TEST_F(EvaluateTest, APartIsScoredByItsTokensAlone) {
  const torch::NoGradGuard no_gradients;
  const model::Transformer causal = model(spec::Objective::kCausal);
  const std::string text = "a cat sat.";
  const std::size_t cat = text.find("cat");
  const base::Span part{.begin = cat, .end = cat + 3};
  std::vector<std::int32_t> seen = {text::Tokenizer::kBegin};
  double expected = 0;
  for (const text::Token& token : tokenizer_.encode_with_offsets(text)) {
    if (part.overlaps({token.begin, token.end})) expected -= nats_after(causal, seen, token.id);
    seen.push_back(token.id);
  }
  const auto scores =
      log_probabilities(causal, tokenizer_, "lines", {{text, "", part}, {text}}, model::Runtime());
  EXPECT_NEAR(scores[0].nats, expected, rounding_of(part.end - part.begin));
  EXPECT_LT(scores[1].nats, scores[0].nats);
  // Later text changes nothing for a causal model.
  EXPECT_NEAR(log_probabilities(causal, tokenizer_, "lines", {{"a cat ran.", "", part}},
                                model::Runtime())[0]
                  .nats,
              expected, rounding_of(part.end - part.begin));
  EXPECT_THROW(
      log_probabilities(causal, tokenizer_, "lines",
                        {{text, "", base::Span{.begin = 90, .end = 91}}}, model::Runtime()),
      base::Error);
}

class EvaluateWordsTest : public EvaluateTest {
 protected:
  EvaluateWordsTest() : EvaluateTest("word") {}
};

TEST_F(EvaluateWordsTest, StreamScoresTheTextBehindANewLine) {
  const torch::NoGradGuard no_gradients;
  const model::Transformer causal = model(spec::Objective::kCausal);
  const std::string text = "a\nQ mat";  // a zero-width space precedes the unknown word
  const base::Span part{.begin = 0, .end = 2};
  double all = 0;
  double first = 0;
  std::size_t of_no_width = 0;
  std::vector<std::int32_t> seen;
  for (const text::Token& token : tokenizer_.encode_with_offsets("\n" + text)) {
    const double nats = seen.empty() ? 0 : -nats_after(causal, seen, token.id);
    seen.push_back(token.id);
    all += nats;
    if (token.begin < 1 + part.end) first += nats;
    of_no_width += token.begin == token.end;
  }
  EXPECT_GT(of_no_width, 0U);
  const auto scores =
      log_probabilities(causal, tokenizer_, "stream", {{text}, {text, "", part}}, model::Runtime());
  EXPECT_NEAR(scores[0].nats, all, rounding_of(seen.size()));
  EXPECT_NEAR(scores[1].nats, first, rounding_of(seen.size()));
}

TEST_F(EvaluateTest, ProbesCountTheLikeliestCandidate) {
  const model::Transformer causal = model(spec::Objective::kCausal);
  const auto nats = log_probabilities(causal, tokenizer_, "lines",
                                      {{"a cat", "", base::Span{.begin = 2, .end = 5}},
                                       {"a dog", "", base::Span{.begin = 2, .end = 5}}},
                                      model::Runtime());
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
  const AskedProbes asked(askable_probes(probes, /*causal=*/true), tokenizer_, "lines",
                          causal.config());
  const auto families = score_probes(causal, asked, model::Runtime());
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

TEST_F(EvaluateTest, PairsCountByGroupAndATieCountsHalf) {
  const model::Transformer causal = model(spec::Objective::kCausal);
  const auto likelier =
      log_probabilities(causal, tokenizer_, "lines", {{"a cat"}, {"a dog"}}, model::Runtime());
  const bool cat = likelier[0].nats > likelier[1].nats;
  const std::string good = cat ? "a cat" : "a dog";
  const std::string bad = cat ? "a dog" : "a cat";
  const std::vector<MinimalPair> pairs = {
      {good, bad, "right", ""}, {bad, good, "wrong", ""}, {good, good, "tie", ""}};
  const auto groups =
      pair_accuracies(pairs, score_pairs(causal, tokenizer_, "lines", pairs, model::Runtime()));
  ASSERT_EQ(groups.size(), 4U);
  EXPECT_EQ(groups[0].accuracy(), 1.0);
  EXPECT_EQ(groups[1].accuracy(), 0.0);
  EXPECT_EQ(groups[2].accuracy(), 0.5);
  EXPECT_EQ(groups[3].group, "all");
  EXPECT_EQ(groups[3].accuracy(), 0.5);
}

TEST_F(EvaluateTest, PairsLongerThanTheContextAreSkippedAndCounted) {
  const model::Transformer causal = model(spec::Objective::kCausal);
  std::string longest;
  for (std::int64_t word = 0; word <= causal.config().context; ++word) longest += "a cat ";
  const std::vector<MinimalPair> pairs = {{"a cat", "a dog", "short", "p:1"},
                                          {longest, "a dog", "long", "p:2"},
                                          {"a dog", longest, "short", "p:3"},
                                          {"a dog", "a cat", "short", "p:4"}};
  const auto scores = score_pairs(causal, tokenizer_, "lines", pairs, model::Runtime());
  ASSERT_EQ(scores.size(), 4U);
  const auto alone =
      log_probabilities(causal, tokenizer_, "lines", {{"a cat"}, {"a dog"}}, model::Runtime());
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
    score_pairs(causal, tokenizer_, "lines", {pairs[1], pairs[2]}, model::Runtime());
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("p:2: found a text of")) << error.what();
  }
}

TEST_F(EvaluateTest, APairAsLongAsTheContextIsScored) {
  const model::Transformer causal = model(spec::Objective::kCausal);
  std::string sentence;
  std::optional<double> nats;
  while (true) {  // the longest that can be read
    const auto scored = [&](const std::string& text) {
      return log_probabilities(causal, tokenizer_, "lines", {{text}}, model::Runtime())[0].nats;
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
  const auto scores = score_pairs(causal, tokenizer_, "lines", pairs, model::Runtime());
  ASSERT_TRUE(scores[0].has_value());
  EXPECT_NEAR(scores[0]->good, *nats, rounding_of(sentence.size() + 1));
}

TEST_F(EvaluateTest, ReadsPairsAndNamesTheLineOfABadOne) {
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
