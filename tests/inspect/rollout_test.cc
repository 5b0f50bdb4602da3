#include "inspect/rollout.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "model/support.h"

namespace qkv::inspect {
namespace {

// Two layers of two heads on two tokens, by hand:
//   layer 0: mean of heads [[0.5, 0.5], [0.2, 0.8]] → with the residual [[0.75, 0.25], [0.1, 0.9]]
//   layer 1: mean of heads [[1, 0], [0.6, 0.4]] → with the residual [[1, 0], [0.3, 0.7]]
//   second · first = [[0.75, 0.25], [0.3·0.75 + 0.7·0.1, 0.3·0.25 + 0.7·0.9]]
TEST(Rollout, IsTheProductByHand) {
  const model::Tensor first =
      torch::tensor({0.2, 0.8, 0.4, 0.6, 0.8, 0.2, 0.0, 1.0}, at::kDouble).view({1, 2, 2, 2});
  const model::Tensor second =
      torch::tensor({1.0, 0.0, 0.2, 0.8, 1.0, 0.0, 1.0, 0.0}, at::kDouble).view({1, 2, 2, 2});
  const model::Tensor expected =
      torch::tensor({0.75, 0.25, 0.295, 0.705}, at::kDouble).view({1, 2, 2});
  EXPECT_LT(testing::largest_difference(attention_rollout({first, second}), expected), 1e-15);
  EXPECT_GT(testing::largest_difference(attention_rollout({second, first}), expected), 0.05);
}

TEST(Rollout, KeepsRowsOfABatchApart) {
  const model::Tensor layers = torch::rand({3, 2, 3, 4, 4}, at::kDouble).softmax(-1);
  const model::Tensor together = attention_rollout({layers[0], layers[1], layers[2]});
  EXPECT_LT(testing::largest_difference(together.sum(-1), torch::ones({2, 4})), 1e-14);
  for (int row = 0; row < 2; ++row) {
    const auto alone = [&](int layer) { return layers[layer].narrow(0, row, 1); };
    EXPECT_LT(testing::largest_difference(attention_rollout({alone(0), alone(1), alone(2)})[0],
                                          together[row]),
              1e-14);
  }
}

TEST(Rollout, RefusesWhatIsNoAttention) {
  EXPECT_THROW(attention_rollout({}), base::Error);
  EXPECT_THROW(attention_rollout({torch::ones({1, 2, 3, 3}), torch::ones({1, 2, 4, 4})}),
               base::Error);
}

}  // namespace
}  // namespace qkv::inspect
