#include "model/fused_attention.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>
#include <vector>

namespace qkv {
namespace {

using torch::Tensor;

struct Case {
  std::int64_t batch, heads, tokens, head_width;
  bool causal;
  int mask;  ///< 0 none, 1 boolean documents, 2 added bias
};

/// The plain formula.
Tensor plain(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& added,
             double scale) {
  Tensor scores = at::matmul(query, key.transpose(2, 3)) * scale;
  if (added.defined()) scores = scores + added;
  return at::matmul(scores.softmax(-1), value);
}

TEST(FusedAttention, EqualsThePlainFormulaInValuesAndGradients) {
  torch::manual_seed(3);
  const std::vector<Case> cases = {{2, 3, 7, 8, true, 0},    {1, 1, 1, 4, true, 0},
                                   {2, 2, 65, 16, true, 0},  {3, 4, 33, 32, false, 0},
                                   {2, 2, 40, 12, false, 1}, {2, 4, 130, 8, false, 2},
                                   {1, 2, 5, 128, false, 2}};
  for (const Case& c : cases) {
    for (const auto type : {at::kFloat, at::kDouble}) {
      const auto options = at::TensorOptions().dtype(type);
      const std::vector<std::int64_t> shape = {c.batch, c.heads, c.tokens, c.head_width};
      std::vector<Tensor> inputs;
      for (int part = 0; part < 3; ++part)
        inputs.push_back(torch::randn(shape, options).requires_grad_());
      const Tensor ahead = torch::ones({c.tokens, c.tokens}, at::kBool).triu(1);
      Tensor mask;
      Tensor added;
      if (c.causal)
        added = torch::zeros({c.tokens, c.tokens}, options).masked_fill(ahead, -INFINITY);
      if (c.mask == 1) {  // each token sees its own third of the row
        const Tensor document = torch::arange(c.tokens).mul(3).div(c.tokens, "floor");
        mask = document.unsqueeze(1) == document.unsqueeze(0);
        added = torch::zeros({c.tokens, c.tokens}, options).masked_fill(~mask, -INFINITY);
      } else if (c.mask == 2) {
        mask = torch::randn({c.heads, c.tokens, c.tokens}, options).masked_fill(ahead, -INFINITY);
        added = mask;
      }
      const double scale = 1 / std::sqrt(static_cast<double>(c.head_width));
      const Tensor upstream = torch::randn(shape, options);
      const double tolerance = type == at::kFloat ? 2e-5 : 1e-12;

      const Tensor fused = fused_attention(inputs[0], inputs[1], inputs[2], mask, c.causal, scale);
      const auto fused_gradients = torch::autograd::grad({fused}, inputs, {upstream});
      const Tensor expected = plain(inputs[0], inputs[1], inputs[2], added, scale);
      const auto gradients = torch::autograd::grad({expected}, inputs, {upstream});
      EXPECT_LT((fused - expected).abs().max().item<double>(), tolerance);
      for (std::size_t part = 0; part < 3; ++part) {
        EXPECT_LT((fused_gradients[part] - gradients[part]).abs().max().item<double>(), tolerance);
      }
    }
  }
}

}  // namespace
}  // namespace qkv
