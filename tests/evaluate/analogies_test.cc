#include "evaluate/geometry/analogies.h"

#include <gtest/gtest.h>

#include <cmath>

#include "evaluate/letters.h"

namespace qkv::evaluate {
namespace {

class Analogies : public ::testing::Test {
 protected:
  PieceAnalogy analogy(const char* letters) const {
    PieceAnalogy out{};
    for (std::size_t place = 0; place < out.size(); ++place) out[place] = piece(letters[place]);
    return out;
  }
  std::int32_t piece(char letter) const { return tests::letter_piece(tokenizer_, letter); }
  std::set<std::int32_t> pieces(const std::string& letters) const {
    std::set<std::int32_t> out;
    for (const char letter : letters) out.insert(piece(letter));
    return out;
  }
  AnalogyScore score(const std::map<char, std::vector<double>>& vectors,
                     const std::vector<PieceAnalogy>& asked, const std::string& listed) const {
    const base::Array table = tests::letter_table(tokenizer_, vectors);
    const inspect::EmbeddingSpace space(table.view(), tokenizer_);
    return score_analogies(space, asked, pieces(listed), tokenizer_);
  }

  text::Tokenizer tokenizer_ = tests::letter_tokenizer();
  /// a is to b as c is to d: the first number is the sex, the second the rank. e is a little nearer
  /// to b − a + c than d is, but f is not.
  std::map<char, std::vector<double>> plane_ = {{'a', {1, 1, 0}},    {'b', {1, 3, 0}},
                                                {'c', {-1, 1, 0}},   {'d', {-1, 3, 0.2}},
                                                {'e', {-1, 3, 0.1}}, {'f', {-1, -3, 0}}};
};

TEST_F(Analogies, AreSolvedByTheNearestWordOfThoseListed) {
  const AnalogyScore found = score(plane_, {analogy("abcd"), analogy("acbd")}, "abcdf");
  EXPECT_EQ(found.accuracy.listed, 1);
  EXPECT_EQ(found.accuracy.all, 0);
  ASSERT_EQ(found.answers.size(), 2U);
  EXPECT_EQ(found.answers[0].listed, "d");
  EXPECT_EQ(found.answers[0].all, "e");
  EXPECT_DOUBLE_EQ(found.guessing.listed, 1.0 / 2);
  EXPECT_GT(found.guessing.listed, found.guessing.all);
}

TEST_F(Analogies, TheDirectionIsFromTheFirstToTheSecond) {
  // The other direction, a − b + c, leads to f.
  const AnalogyScore found = score(plane_, {analogy("abcf")}, "abcdf");
  EXPECT_EQ(found.accuracy.listed, 0);
  EXPECT_EQ(found.answers[0].listed, "d");
}

TEST_F(Analogies, WordsGivenAreNoAnswers) {
  // b − a + c is nearly c itself.
  const AnalogyScore found =
      score({{'a', {1, 0}}, {'b', {1, 0.1}}, {'c', {0, 5}}, {'d', {1, 1}}, {'e', {-1, -1}}},
            {analogy("abcd")}, "abcde");
  EXPECT_EQ(found.answers[0].listed, "d");
  EXPECT_EQ(found.accuracy.listed, 1);
}

TEST_F(Analogies, ATieIsNoAnswer) {
  plane_['e'] = plane_['d'];
  const AnalogyScore both = score(plane_, {analogy("abcd"), analogy("abce")}, "abcdef");
  EXPECT_EQ(both.accuracy.listed, 0);
  EXPECT_EQ(score(plane_, {analogy("abcd")}, "abcd").accuracy.listed, 1);  // nothing else to choose
}

TEST_F(Analogies, NoneAreNoNumber) {
  const AnalogyScore found = score(plane_, {}, "ab");
  EXPECT_TRUE(std::isnan(found.accuracy.listed));
  EXPECT_TRUE(std::isnan(found.guessing.all));
}

}  // namespace
}  // namespace qkv::evaluate
