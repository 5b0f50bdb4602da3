#include "inspect/vectors/neighbours.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "inspect/tiny.h"
#include "inspect/vocabulary.h"

namespace qkv::inspect {
namespace {

using tests::message_of;

std::int32_t id_of(const text::Tokenizer& tokenizer, const std::string& word) {
  return find_piece(tokenizer, word, "t");
}

/// Vectors with a large common part; the words of the analogy differ by royalty and sex. Specials
/// and bytes are far away, where they would spoil the mean.
base::Array constructed(const text::Tokenizer& tokenizer) {
  base::Array embedding({tokenizer.size(), 4});
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    const bool learned = is_learned(tokenizer, id);
    for (int i = 0; i < 4; ++i)
      embedding[id].data[i] =
          learned ? static_cast<float>(50 + std::sin(7.0 * id + 3.0 * i) * 0.3) : -1000.0F;
  }
  const auto set = [&](const char* word, float a, float b, float c) {
    const std::array<float, 4> vector = {50 + a, 50 + b, 50 + c, 50};
    std::copy(vector.begin(), vector.end(), embedding[id_of(tokenizer, word)].data);
  };
  set("king", 2, 3, 0);
  set("man", 2, 0, 0);
  set("woman", 0, 0, 2);
  set("queen", 0, 3, 2);
  return embedding;
}

base::Array ones(std::int64_t rows) {
  base::Array embedding({rows, 4});
  std::fill(embedding.values.begin(), embedding.values.end(), 1.0F);
  return embedding;
}

// Cosines are computed in double. Centring leaves differences near 0.3 of numbers near 50, and so
// magnifies their roundings of 1e-16 by some hundreds: 1e-12 holds on every processor, since sums
// of some dozens of numbers in another order are no further apart.

TEST(EmbeddingSpace, IsCentredOnTheLearnedPieces) {
  const text::Tokenizer tokenizer = tests::tiny_tokenizer();
  const base::Array embedding = constructed(tokenizer);
  std::vector<std::int32_t> learned;
  for (std::int32_t id = 4; id < tokenizer.size(); ++id) {
    if (!tokenizer.piece(id).starts_with("<0x")) learned.push_back(id);
  }
  std::vector<double> mean(4);
  for (const std::int32_t id : learned) {
    for (int i = 0; i < 4; ++i)
      mean[i] += static_cast<double>(embedding[id].data[i]) / static_cast<double>(learned.size());
  }
  const auto cosine = [&](std::int32_t a, std::int32_t b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < 4; ++i) {
      const double x = static_cast<double>(embedding[a].data[i]) - mean[i];
      const double y = static_cast<double>(embedding[b].data[i]) - mean[i];
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    return ab / std::sqrt(aa * bb);
  };
  const std::int32_t king = id_of(tokenizer, "king");
  const std::vector<Neighbour> found =
      EmbeddingSpace(embedding.view(), tokenizer).neighbours(king, 1000);
  EXPECT_EQ(found.size(), learned.size() - 1);  // itself left out
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i].cosine, cosine(king, found[i].id), 1e-12);
    if (i > 0) {
      EXPECT_GE(found[i - 1].cosine, found[i].cosine);
    }
    EXPECT_NE(found[i].id, king);
  }
  EXPECT_LT(found.back().cosine, 0);  // without centring, all would be near 1
  EXPECT_EQ(EmbeddingSpace(embedding.view(), tokenizer).neighbours(king).size(), 10U);
}

TEST(EmbeddingSpace, ComparesWordsWithEachOther) {
  const text::Tokenizer tokenizer = tests::tiny_tokenizer();
  const EmbeddingSpace space(constructed(tokenizer).view(), tokenizer);
  const std::vector<std::int32_t> words = {id_of(tokenizer, "king"), id_of(tokenizer, "cat"),
                                           id_of(tokenizer, "queen")};
  const std::vector<std::vector<double>> cosines = space.cosines(words);
  ASSERT_EQ(cosines.size(), 3U);
  for (std::size_t row = 0; row < 3; ++row) {
    EXPECT_NEAR(cosines[row][row], 1, 1e-12);
    for (const Neighbour& neighbour : space.neighbours(words[row], space.size())) {
      for (std::size_t column = 0; column < 3; ++column) {
        if (words[column] == neighbour.id) {
          EXPECT_NEAR(cosines[row][column], neighbour.cosine, 1e-12);
        }
      }
    }
  }
  EXPECT_TRUE(space.cosines({}).empty());
  const EmbeddingSpace nowhere(ones(tokenizer.size()).view(), tokenizer);
  EXPECT_EQ(nowhere.cosines(words)[0][0], 0);
}

TEST(EmbeddingSpace, SolvesAnAnalogy) {
  const text::Tokenizer tokenizer = tests::tiny_tokenizer();
  const EmbeddingSpace space(constructed(tokenizer).view(), tokenizer);
  const std::int32_t king = id_of(tokenizer, "king");
  const std::int32_t man = id_of(tokenizer, "man");
  const std::int32_t woman = id_of(tokenizer, "woman");
  const std::vector<Neighbour> found = space.analogy(king, man, woman, 1000);
  EXPECT_EQ(found[0].id, id_of(tokenizer, "queen"));
  EXPECT_NEAR(found[0].cosine, 1, 1e-12);
  for (const Neighbour& neighbour : found) {
    EXPECT_TRUE(neighbour.id != king && neighbour.id != man && neighbour.id != woman);
  }
}

TEST(EmbeddingSpace, RefusesValuesThatAreNoNumbers) {
  const text::Tokenizer tokenizer = tests::tiny_tokenizer();
  base::Array embedding = constructed(tokenizer);
  embedding[id_of(tokenizer, "cat")].data[0] = std::nanf("");
  EXPECT_NE(message_of([&] { EmbeddingSpace(embedding.view(), tokenizer); }), "");
  EXPECT_NE(message_of([&] { EmbeddingSpace(ones(3).view(), tokenizer); }), "");
}

TEST(EmbeddingSpace, AVectorWithoutDirectionIsNearNothing) {
  const text::Tokenizer tokenizer = tests::tiny_tokenizer();
  const EmbeddingSpace space(ones(tokenizer.size()).view(), tokenizer);
  for (const Neighbour& neighbour : space.neighbours(id_of(tokenizer, "cat")))
    EXPECT_EQ(neighbour.cosine, 0);
}

TEST(Neighbours, AreATableOfWords) {
  const text::Tokenizer tokenizer = tests::tiny_tokenizer();
  const std::string text =
      analogy_text(constructed(tokenizer).view(), tokenizer, "king", "man", "woman");
  EXPECT_TRUE(text.starts_with("nearest to king − man + woman (cosine of centred embeddings)\n"))
      << text;
  EXPECT_NE(text.find("  queen   1.0000  \"▁queen\""), std::string::npos) << text;
}

TEST(PieceInLine, IsTheWordBehindASpace) {
  const text::Tokenizer words = tests::tiny_tokenizer();
  EXPECT_EQ(piece_in_line(words, "cat"), id_of(words, "cat"));
  EXPECT_EQ(piece_in_line(words, "zq"), std::nullopt);
  EXPECT_EQ(piece_in_line(words, "cat dog"), std::nullopt);
  EXPECT_EQ(piece_in_line(words, "."), std::nullopt);  // a piece, but not after a space
  EXPECT_EQ(piece_in_line(words, ""), std::nullopt);
  const text::Tokenizer characters = tests::tiny_tokenizer(spec::TokenizerKind::kChar);
  EXPECT_EQ(piece_in_line(characters, "cat"), std::nullopt);
  EXPECT_NE(message_of([&] { piece_in_line(words, "\xFF"); }), "");
}

TEST(FindPiece, NamesThePiecesOfAWordThatIsNotOne) {
  const text::Tokenizer tokenizer = tests::tiny_tokenizer();
  EXPECT_EQ(tokenizer.piece(id_of(tokenizer, "cat")), "▁cat");
  const std::string message = message_of([&] { find_piece(tokenizer, "zq", "--neighbours"); });
  EXPECT_TRUE(message.starts_with("--neighbours: found \"zq\"")) << message;
  EXPECT_NE(message.find("\"<0x7A>\" \"<0x71>\""), std::string::npos) << message;
  EXPECT_NE(message_of([&] { find_piece(tokenizer, "~", "t"); }), "");  // a byte was never learned
  EXPECT_NE(message_of([&] { find_piece(tokenizer, "", "t"); }), "");
  EXPECT_NE(message_of([&] { find_piece(tokenizer, "\xFF", "t"); }), "");
  EXPECT_NE(message_of([&] { find_piece(tokenizer, "cat dog", "t"); }), "");
}

}  // namespace
}  // namespace qkv::inspect
