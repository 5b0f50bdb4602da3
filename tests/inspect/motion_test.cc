#include "inspect/motion/motion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/json.h"
#include "base/random.h"
#include "inspect/motion/motion_analysis.h"
#include "inspect/tiny.h"
#include "inspect/vectors/context_vectors.h"

namespace qkv::inspect {
namespace {

/// Vectors of one depth: [1, width] each.
std::vector<base::ArrayOf<double>> at_one_depth(const std::vector<std::vector<double>>& vectors) {
  std::vector<base::ArrayOf<double>> out;
  for (const std::vector<double>& vector : vectors) {
    base::ArrayOf<double>& one =
        out.emplace_back(std::vector<std::int64_t>{1, static_cast<std::int64_t>(vector.size())});
    one.values.assign(vector.begin(), vector.end());
  }
  return out;
}

TEST(Motion, IsMeasuredBetweenTheMeansOfTheSenses) {
  // The mean of a is (0, 2, 0), that of b is (4, 2, 0).
  const auto sentences = at_one_depth({{-1, 2, 0}, {1, 2, 0}, {4, 1, 0}, {4, 3, 0}});
  const auto frames = at_one_depth({{0, 2, 0}, {4, 2, 0}, {2, 7, -3}, {6, 0, 0}});
  const std::vector<MotionDepth> depths =
      measure_motion(frames, sentences, {false, false, true, true});
  ASSERT_EQ(depths.size(), 1U);
  const MotionDepth& depth = depths[0];
  EXPECT_NEAR(depth.separation, 4, 1e-12);
  const std::vector<double> expected = {-1, 1, 0, 2};
  for (std::size_t frame = 0; frame < expected.size(); ++frame)
    EXPECT_NEAR(depth.axis[frame], expected[frame], 1e-12);
  const std::vector<double> of_sentences = {-1.5, -0.5, 1, 1};
  for (std::size_t at = 0; at < of_sentences.size(); ++at)
    EXPECT_NEAR(depth.sentence_axis[at], of_sentences[at], 1e-12);
}

TEST(Motion, ThePlaneHoldsTheMostVariance) {
  // From their mean (2, 2, 0): the variances along x and y are those of independent columns.
  const auto sentences = at_one_depth({{-1, 2, 0}, {1, 2, 0}, {4, 1, 0}, {4, 3, 0}});
  const auto frames = at_one_depth({{2, 2, 0}, {5, 2, 9}, {2, 3, 0}});
  const MotionDepth depth = measure_motion(frames, sentences, {false, false, true, true}).front();
  EXPECT_NEAR(depth.explained[0], 18.0 / 20, 1e-12);
  EXPECT_NEAR(depth.explained[1], 2.0 / 20, 1e-12);
  EXPECT_NEAR(depth.plane[0].data[0], 0, 1e-12);
  EXPECT_NEAR(depth.plane[0].data[1], 0, 1e-12);
  EXPECT_NEAR(depth.plane[1].data[0], 3, 1e-12);  // b is to the right; z has no part
  EXPECT_NEAR(depth.plane[1].data[1], 0, 1e-12);
  EXPECT_NEAR(std::abs(depth.plane[2].data[1]), 1, 1e-12);
  EXPECT_NEAR(depth.sentence_plane[0].data[0], -3, 1e-12);
}

TEST(Motion, AStaticVectorStandsInTheMiddle) {
  const std::vector<double> one = {0.5, -2, 3};
  const MotionDepth depth =
      measure_motion(at_one_depth({one, one}), at_one_depth({one, one, one}), {false, true, true})
          .front();
  EXPECT_EQ(depth.axis, (std::vector<double>{0, 0}));
  EXPECT_EQ(depth.separation, 0);
  EXPECT_EQ(depth.explained, (std::array<double, 2>{0, 0}));
  for (const double value : depth.plane.values) EXPECT_EQ(value, 0);
}

std::vector<std::string> texts_of(const std::vector<GrowingContext>& contexts) {
  std::vector<std::string> texts;
  for (const GrowingContext& context : contexts) texts.push_back(context.text);
  return texts;
}

TEST(GrowingContexts, BeginWithTheWordAndEndWithTheText) {
  const std::string text = "we saw  the bank. it rained";
  const auto causal = growing_contexts(text, 12, 16, /*causal=*/true);
  EXPECT_EQ(texts_of(causal),
            (std::vector<std::string>{"bank", "the bank", "saw  the bank", "we saw  the bank"}));
  EXPECT_EQ(causal[0].added, "");
  EXPECT_EQ(causal[2].added, "saw");
  for (const GrowingContext& context : causal) {
    EXPECT_EQ(context.text.substr(context.word, 4), "bank");
    EXPECT_EQ(text.substr(context.begin, context.text.size()), context.text);
  }
  EXPECT_EQ(texts_of(growing_contexts(text, 12, 16, /*causal=*/false)),
            (std::vector<std::string>{"bank", "the bank", "the bank.", "saw  the bank.",
                                      "saw  the bank. it", "we saw  the bank. it",
                                      "we saw  the bank. it rained"}));
  EXPECT_EQ(growing_contexts("bank", 0, 4, true).size(), 1U);
}

world::Geometry labelled() {
  world::Geometry geometry;
  geometry.where = "senses.json";
  const auto add = [&](const std::string& sense, const std::string& text) {
    geometry.senses.push_back({.word = "cat",
                               .sense = sense,
                               .text = text,
                               .span = {.begin = text.size() - 3, .end = text.size()}});
  };
  add("animal", "the king saw the cat");
  add("animal", "the man saw a cat");
  add("other", "a dog ran to the cat");
  add("other", "a mat the cat");
  return geometry;
}

TEST(Motion, OfATextIsThatOfItsParts) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    config::Config config = tests::tiny_config();
    config.model.objective = objective;
    const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
    const Inspection inspection = tests::inspect_text(checkpoint, "the woman saw the cat .");
    const MotionAnalysis analysis("cat", labelled());
    analysis.require_possible(checkpoint, inspection.passage, true);
    const Finding finding = analysis.find(checkpoint, inspection, 2);
    const base::Json json = base::parse_json(finding.json, "motion.json");
    EXPECT_EQ(json["senses"], (base::Json{"animal", "other"}));
    EXPECT_EQ(json["depths"], (base::Json{"embedding", "layers.0.output", "layers.1.output"}));
    const std::size_t frames = objective == spec::Objective::kCausal ? 5 : 6;
    ASSERT_EQ(json["frames"].size(), frames);
    EXPECT_EQ(json["axis"].size(), 3U);
    EXPECT_EQ(json["plane"][2].size(), frames);
    // The last frame is the text itself: its place comes from the vectors of its own pass.
    const bool causal = objective == spec::Objective::kCausal;
    EXPECT_EQ(json["frames"].back()["text"],
              causal ? "the woman saw the cat" : "the woman saw the cat .");
    std::vector<PlacedWord> words = {
        place_word(checkpoint, "the woman saw the cat .", {.begin = 18, .end = 21}, "--text")};
    std::vector<bool> is_b;
    for (const world::SenseSentence& sentence : labelled().senses) {
      words.push_back(place_word(checkpoint, sentence.text, sentence.span, "senses"));
      is_b.push_back(sentence.sense == "other");
    }
    const auto vectors = context_vectors(*checkpoint.model, words, 1);
    const std::vector<MotionDepth> depths =
        measure_motion({vectors.front()}, {vectors.begin() + 1, vectors.end()}, is_b);
    for (std::size_t depth = 0; depth < depths.size(); ++depth)
      EXPECT_NEAR(json["axis"][depth].back().get<double>(), depths[depth].axis[0],
                  1e-4 * (1 + std::abs(depths[depth].axis[0])));
    EXPECT_NE(finding.text.find("“animal” (−1)"), std::string::npos) << finding.text;
    EXPECT_EQ(finding.json, analysis.find(checkpoint, inspection, 1).json);
  }
}

TEST(Motion, RefusesWordsThatAreNotThere) {
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  const auto refused = [&](const std::string& word, const std::string& text) {
    const Inspection inspection = tests::inspect_text(checkpoint, text);
    return tests::message_of([&] {
      MotionAnalysis(word, labelled()).require_possible(checkpoint, inspection.passage, false);
    });
  };
  EXPECT_EQ(refused("cat", "the dog saw the cat"), "");
  EXPECT_EQ(refused("cat", "the dog"),
            "--motion: found no \"cat\" in the text, expected a word of it");
  EXPECT_EQ(refused("dog", "the dog"),
            "senses.json: senses: found sentences with 0 senses of \"dog\", expected at least 2 "
            "for --motion");
  EXPECT_EQ(refused("", "the dog"), "--motion: found an empty word, expected a word of the text");
}

}  // namespace
}  // namespace qkv::inspect
