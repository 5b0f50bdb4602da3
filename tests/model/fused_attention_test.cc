#include "model/fused_attention.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "rounding.h"

namespace qkv::model {
namespace {

using torch::Tensor;

struct Case {
  std::int64_t batch, heads, tokens, head_width;
  bool causal;
  int mask;  ///< 0 none, 1 boolean documents, 2 added bias
};

/// The plain formula in this type: the gradients of query, key and value, and its value.
std::vector<Tensor> plain(const std::vector<Tensor>& inputs, const Tensor& added, double scale,
                          const Tensor& upstream, at::ScalarType type) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) leaves.push_back(input.detach().to(type).requires_grad_());
  Tensor scores = at::matmul(leaves[0], leaves[1].transpose(2, 3)) * scale;
  if (added.defined()) scores = scores + added.to(type);
  const Tensor mixed = at::matmul(scores.softmax(-1), leaves[2]);
  std::vector<Tensor> results = torch::autograd::grad({mixed}, leaves, {upstream.to(type)});
  results.push_back(mixed);
  return results;
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
      if (c.mask == 1) {  // each token attends to its own third of the row
        const Tensor document = torch::arange(c.tokens).mul(3).div(c.tokens, "floor");
        mask = document.unsqueeze(1) == document.unsqueeze(0);
        added = torch::zeros({c.tokens, c.tokens}, options).masked_fill(~mask, -INFINITY);
      } else if (c.mask == 2) {
        mask = torch::randn({c.heads, c.tokens, c.tokens}, options).masked_fill(ahead, -INFINITY);
        added = mask;
      }
      const double scale = 1 / std::sqrt(static_cast<double>(c.head_width));
      const Tensor upstream = torch::randn(shape, options);
      const Tensor fused = fused_attention(inputs[0], inputs[1], inputs[2], mask, c.causal, scale);
      std::vector<Tensor> found = torch::autograd::grad({fused}, inputs, {upstream});
      found.push_back(fused);
      const std::vector<Tensor> by_formula = plain(inputs, added, scale, upstream, type);
      const std::vector<Tensor> exact = plain(inputs, added, scale, upstream, at::kDouble);
      const auto error = [&](const std::vector<Tensor>& values, std::size_t at) {
        return (values[at].to(at::kDouble) - exact[at]).abs().max().item<double>();
      };
      const double terms = static_cast<double>(c.tokens + c.head_width);
      for (std::size_t at = 0; at < found.size(); ++at) {
        const double size = std::max(exact[at].abs().max().item<double>(), 1.0);
        // In double, the plain path is exact; 1e-12 is thousands of roundings.
        const double floor = type == at::kFloat ? tests::rounding(terms) * size : 1e-12;
        tests::expect_rounding_alone(error(found, at), error(by_formula, at), floor,
                                     std::to_string(at));
      }
    }
  }
}

}  // namespace
}  // namespace qkv::model
