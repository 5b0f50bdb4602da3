#include "evaluate/geometry/senses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "evaluate/hand_made.h"
#include "rounding.h"

namespace qkv::evaluate {
namespace {

// Separation is computed in double: bounds from 1e-12 on are thousands of its roundings.

using Vectors = base::ArrayOf<double>;

Vectors vectors_of(const std::vector<std::vector<double>>& rows) {
  Vectors vectors(
      {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.front().size())});
  auto next = vectors.values.begin();
  for (const std::vector<double>& row : rows) next = std::copy(row.begin(), row.end(), next);
  return vectors;
}

TEST(SenseSeparation, ComparesWithinAndBetweenSenses) {
  // Angles 0, 60 and 90, 120: pairs of one sense are 60 and 30 apart, pairs of two senses 90, 120,
  // 30 and 60.
  const double s = std::sqrt(3.0) / 2;
  const Vectors vectors = vectors_of({{2, 0}, {0.5, s}, {0, 5}, {-0.5, s}});
  const SenseSeparation found = sense_separation(vectors.view(), {0, 0, 1, 1});
  EXPECT_NEAR(found.same, (0.5 + s) / 2, 1e-12);
  EXPECT_NEAR(found.other, (0 - 0.5 + s + 0.5) / 4, 1e-12);
  // The means of the others: for the first, 60 against nearly 90; for the second, 0 against nearly
  // 90, so it is assigned to the other sense; for the third, 120 against about 10; for the fourth,
  // 90.
  EXPECT_EQ(found.accuracy, 0.75);
}

TEST(SenseSeparation, ASentenceIsNoPartOfItsOwnMean) {
  // Each vector is nearest to itself; without itself, to the other sense.
  const Vectors vectors =
      vectors_of({{1, 0, 0.1, 0}, {0, 1, 0, 0.1}, {0.1, 0, 1, 0}, {0, 0.1, 0, 1}});
  EXPECT_EQ(sense_separation(vectors.view(), {0, 0, 1, 1}).accuracy, 0);
  EXPECT_EQ(sense_separation(vectors.view(), {0, 1, 0, 1}).accuracy, 1);
}

TEST(SenseSeparation, EqualVectorsAreAGuess) {
  const Vectors vectors = vectors_of(std::vector(7, std::vector{0.1, -0.7, 1.3, 0.3, 1e-3}));
  const SenseSeparation found = sense_separation(vectors.view(), {0, 0, 1, 1, 1, 2, 2});
  EXPECT_NEAR(found.same, 1, 1e-12);
  EXPECT_NEAR(found.other, 1, 1e-12);
  EXPECT_NEAR(found.accuracy, 1.0 / 3, 1e-12);
  EXPECT_NEAR(sense_separation(Vectors({4, 2}).view(), {0, 0, 1, 1}).accuracy, 0.5, 1e-12);
  EXPECT_THROW(sense_separation(Vectors({3, 2}).view(), {0, 0, 1, 1}), base::Error);
}

world::SenseSentence sentence(const std::string& text, const std::string& sense) {
  return {.word = text.substr(text.size() - 1),
          .sense = sense,
          .text = text,
          .span = {.begin = text.size() - 1, .end = text.size()}};
}

/// The letter before "c", which head 0 adds to its vector, is its sense; "h" may be at any
/// position.
std::vector<world::SenseSentence> sentences() {
  return {sentence("h a c", "a"), sentence("g a c", "a"), sentence("h b c", "b"),
          sentence("g b c", "b"), sentence("h c e", "c"), sentence("g c e", "c"),
          sentence("h d e", "d"), sentence("g d e", "d"), sentence("g f e", "f"),
          sentence("h f e", "f")};
}

TEST(AskedSenses, SeparateWhereTheModelReadsTheirContext) {
  const checkpoint::Checkpoint checkpoint = tests::hand_made_checkpoint();
  const AskedSenses asked(sentences(), "geometry.json", checkpoint);
  const std::vector<WordSenses> words = asked.measure(*checkpoint.model, 1, "senses");
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(words[0].word, "c");
  EXPECT_EQ(words[0].sentences, 4U);
  EXPECT_EQ(words[0].guessing, 0.5);
  EXPECT_EQ(words[1].sentences, 6U);
  EXPECT_NEAR(words[1].guessing, 1.0 / 3, 1e-12);
  // The model is in float32: numbers up to 3, and a softmax whose other weights are below 1e-12.
  constexpr double kRounding = 16 * tests::kFloat32;
  for (const WordSenses& word : words) {
    ASSERT_EQ(word.depths.size(), 2U);  // the embedding, and after the only layer
    EXPECT_NEAR(word.depths[0].same, 1, 1e-9);
    EXPECT_NEAR(word.depths[0].other, 1, 1e-9);
    EXPECT_NEAR(word.depths[0].accuracy, word.guessing, 1e-9);
    EXPECT_NEAR(word.depths[1].same, 1, kRounding);
    EXPECT_EQ(word.depths[1].accuracy, 1);
  }
  // By hand: [position, letter, √8 · letter read], so two readings share 2 of 10; the norm before
  // the reading makes √8 of 1 / √(2/16), to which it adds its epsilon.
  const double read = 1 / (2.0 / 16 + checkpoint.config.model.norm_epsilon);
  EXPECT_NEAR(words[0].depths[1].other, 2 / (2 + read), kRounding);
  const std::vector<SenseSeparation> mean = mean_separation(words);
  EXPECT_NEAR(mean[0].accuracy, (1.0 / 2 + 1.0 / 3) / 2, 1e-9);
  EXPECT_TRUE(mean_separation({}).empty());
}

TEST(AskedSenses, RefuseWhatDoesNotFit) {
  const checkpoint::Checkpoint checkpoint = tests::hand_made_checkpoint();
  const std::string text = "a b c d e f g h a b";
  try {
    AskedSenses({sentence(text, "x")}, "geometry.json", checkpoint);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()), "geometry.json: \"" + text +
                                             "\": found 10 tokens, expected at most the context of "
                                             "8");
  }
}

}  // namespace
}  // namespace qkv::evaluate
