#include "evaluate/geometry/neighbour_precision.h"

#include <gtest/gtest.h>

#include <cmath>

#include "evaluate/letters.h"

namespace qkv::evaluate {
namespace {

using tests::letter_piece;

class Neighbours : public ::testing::Test {
 protected:
  PieceCluster cluster(const std::string& name, const std::string& letters) const {
    PieceCluster out{.name = name, .pieces = {}};
    for (const char letter : letters) out.pieces.push_back(letter_piece(tokenizer_, letter));
    return out;
  }
  NeighbourScore score(const std::vector<PieceCluster>& clusters) const {
    return neighbour_precision(space_, clusters, tokenizer_);
  }
  static std::vector<double> at(double degrees) {
    const double angle = degrees * std::acos(-1.0) / 180;
    return {std::cos(angle), std::sin(angle)};
  }

  text::Tokenizer tokenizer_ = tests::letter_tokenizer();
  /// On a circle: a, b, c and d near each other, e among them, g and h opposite; f is far away.
  base::Array table_ = tests::letter_table(tokenizer_, {{'a', at(0)},
                                                        {'b', at(10)},
                                                        {'c', at(21)},
                                                        {'d', at(33)},
                                                        {'e', at(16)},
                                                        {'g', at(180)},
                                                        {'h', at(190)}});
  inspect::EmbeddingSpace space_{table_.view(), tokenizer_};
};

TEST_F(Neighbours, AreCountedInTheirOwnCluster) {
  const NeighbourScore found = score({cluster("right", "abcd"), cluster("left", "gh")});
  EXPECT_EQ(found.words, 6U);
  EXPECT_EQ(found.precision.listed, 1);
  ASSERT_EQ(found.clusters.size(), 2U);
  EXPECT_EQ(found.clusters[0].k, 3U);
  EXPECT_EQ(found.clusters[1].k, 1U);  // all others of a small cluster
  EXPECT_TRUE(found.clusters[0].strangers.empty());
  // e, which is not listed, is one of the 3 nearest of each.
  EXPECT_DOUBLE_EQ(found.clusters[0].precision.all, 2.0 / 3);
  EXPECT_EQ(found.clusters[1].precision.all, 1);
  EXPECT_DOUBLE_EQ(found.precision.all, (4 * 2.0 / 3 + 2) / 6);
}

TEST_F(Neighbours, GuessingIsTheShareOfTheOwnCluster) {
  const NeighbourScore found = score({cluster("right", "abcd"), cluster("left", "gh")});
  EXPECT_DOUBLE_EQ(found.guessing.listed, (4 * 3.0 / 5 + 2 * 1.0 / 5) / 6);
  const auto others = static_cast<double>(space_.size() - 1);
  EXPECT_DOUBLE_EQ(found.guessing.all, (4 * 3.0 + 2 * 1.0) / others / 6);
}

TEST_F(Neighbours, StrangersAreNamed) {
  const NeighbourScore found = score({cluster("right", "abc"), cluster("stray", "eg")});
  // a: b, then e, c. b: e, a. c: e, b. e: c. g: c.
  EXPECT_EQ(found.clusters[0].k, 2U);
  EXPECT_DOUBLE_EQ(found.clusters[0].precision.listed, (0.5 + 0.5 + 0.5) / 3);
  EXPECT_EQ(found.clusters[0].strangers,
            (std::vector<std::pair<std::string, std::string>>{{"a", "e"}, {"b", "e"}, {"c", "e"}}));
  EXPECT_EQ(found.clusters[1].precision.listed, 0);
  EXPECT_DOUBLE_EQ(found.precision.listed, 1.5 / 5);
}

TEST_F(Neighbours, AWordWithoutOthersIsNotAsked) {
  const NeighbourScore found = score({cluster("right", "ab"), cluster("alone", "e")});
  EXPECT_EQ(found.words, 2U);
  EXPECT_EQ(found.clusters[1].k, 0U);
  EXPECT_EQ(found.precision.listed, 0.5);  // e is nearer to b than a is
  EXPECT_TRUE(std::isnan(score({}).precision.listed));
}

}  // namespace
}  // namespace qkv::evaluate
