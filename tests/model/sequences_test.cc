#include "model/sequences.h"

#include <gtest/gtest.h>

#include "support.h"

namespace qkv::model {
namespace {

using Direction = Sequences::Direction;

/// Two rows of eight tokens: documents of 3, 4 and 1 tokens; of 2, 5, and one position of padding.
Tensor packed_documents() {
  return torch::tensor({0, 0, 0, 1, 1, 1, 1, 2, 0, 0, 1, 1, 1, 1, 1, -1}, at::kLong).view({2, 8});
}

/// Token number n of the batch is the vector (n).
Tensor numbered(std::int64_t rows, std::int64_t tokens) {
  return torch::arange(rows * tokens, at::kDouble).view({rows, tokens, 1});
}

/// The first `count` numbers of a part's row.
std::vector<double> beginning(const Tensor& part, std::int64_t row, std::int64_t count) {
  const Tensor numbers = part[row].flatten().narrow(0, 0, count).contiguous();
  return {numbers.const_data_ptr<double>(), numbers.const_data_ptr<double>() + count};
}

TEST(Sequences, CutEachDocumentFromItsBeginning) {
  const Sequences sequences(packed_documents());
  const std::vector<Tensor> parts = sequences.cut(numbered(2, 8), Direction::kForward);
  ASSERT_EQ(parts.size(), 4U);  // of 1, 2, 3 to 4 and 5 tokens
  EXPECT_EQ(beginning(parts[0], 0, 1), (std::vector<double>{7}));
  EXPECT_EQ(beginning(parts[1], 0, 2), (std::vector<double>{8, 9}));
  EXPECT_EQ(shape_text(parts[2].sizes()), "[2, 4, 1]");
  EXPECT_EQ(beginning(parts[2], 0, 3), (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(beginning(parts[2], 1, 4), (std::vector<double>{3, 4, 5, 6}));
  EXPECT_EQ(beginning(parts[3], 0, 5), (std::vector<double>{10, 11, 12, 13, 14}));
}

TEST(Sequences, CutEachDocumentFromItsEnd) {
  const Sequences sequences(packed_documents());
  const std::vector<Tensor> parts = sequences.cut(numbered(2, 8), Direction::kBackward);
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(beginning(parts[2], 0, 3), (std::vector<double>{2, 1, 0}));
  EXPECT_EQ(beginning(parts[2], 1, 4), (std::vector<double>{6, 5, 4, 3}));
  EXPECT_EQ(beginning(parts[3], 0, 5), (std::vector<double>{14, 13, 12, 11, 10}));
}

TEST(Sequences, JoinPutsEachTokenBackAndZeroWherePaddingWas) {
  const Sequences sequences(packed_documents());
  const Tensor x = tests::random_tensor({2, 8, 3}, 1);
  Tensor expected = x.clone();
  expected[1][7].zero_();
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    EXPECT_TRUE(sequences.join(sequences.cut(x, direction), direction).equal(expected));
  }
}

TEST(Sequences, WithoutDocumentsEachRowIsOne) {
  const Sequences sequences{Tensor()};
  const Tensor x = numbered(2, 3);
  EXPECT_TRUE(sequences.cut(x, Direction::kForward).at(0).equal(x));
  EXPECT_EQ(beginning(sequences.cut(x, Direction::kBackward).at(0), 1, 3),
            (std::vector<double>{5, 4, 3}));
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    EXPECT_TRUE(sequences.join(sequences.cut(x, direction), direction).equal(x));
  }
}

// Padding in the batch of a document is at most as long as the document itself.
TEST(Sequences, NoDocumentIsPaddedToMoreThanTwiceItsLength) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t length = 1; length <= 40; ++length)
    numbers.insert(numbers.end(), length, length);
  const auto tokens = static_cast<std::int64_t>(numbers.size());
  const Tensor documents = torch::tensor(numbers, at::kLong).view({1, tokens});
  std::int64_t read = 0;
  for (const Tensor& part : Sequences(documents).cut(numbered(1, tokens), Direction::kForward))
    read += part.numel();
  EXPECT_LT(read, 2 * tokens);
}

TEST(Sequences, GradientsComeHomeToo) {
  const Sequences sequences(packed_documents());
  const Tensor x = tests::random_tensor({2, 8, 2}, 1).requires_grad_();
  const Tensor weights = tests::random_tensor({2, 8, 2}, 2);
  (sequences.join(sequences.cut(x, Direction::kBackward), Direction::kBackward) * weights)
      .sum()
      .backward();
  Tensor expected = weights.clone();
  expected[1][7].zero_();
  EXPECT_TRUE(x.grad().equal(expected));
}

}  // namespace
}  // namespace qkv::model
