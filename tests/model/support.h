#pragma once

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/support.h"
#include "model/transformer.h"

namespace qkv::tests {

using Matrix = std::vector<std::vector<double>>;

/// The weights of a whole model, of which a test of one part uses that part's.
inline model::Parameters parameters_of(const spec::ModelConfig& config) {
  return {spec::WeightList(config, /*vocabulary=*/5), /*seed=*/1, at::kDouble};
}

/// Those whose names hold `part`.
inline std::vector<std::pair<std::string, model::Tensor>> weights_of(
    const model::Parameters& parameters, const std::string& part) {
  std::vector<std::pair<std::string, model::Tensor>> found;
  for (const auto& [name, weight] : parameters.list()) {
    if (name.find(part) != std::string::npos) found.emplace_back(name, weight);
  }
  return found;
}

/// Normal numbers from the standard library's generator, in double.
inline model::Tensor random_tensor(at::IntArrayRef shape, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  model::Tensor values = torch::empty(shape, at::kDouble);
  for (std::int64_t at = 0; at < values.numel(); ++at)
    values.data_ptr<double>()[at] = normal(generator);
  return values;
}

/// Weights far from their initial values, so that no term of a formula is too small to matter.
inline void randomise(const model::Parameters& parameters, unsigned seed) {
  const torch::NoGradGuard no_gradients;
  for (const auto& [name, weight] : parameters.list())
    weight.copy_(random_tensor(weight.sizes(), ++seed) * 0.5);
}

inline model::Tensor token_ids(const std::vector<std::int64_t>& ids) {
  return torch::tensor(ids, at::kLong).view({1, static_cast<std::int64_t>(ids.size())});
}

/// Logits [tokens, vocabulary] of one row.
inline model::Tensor logits_of(const model::Model& model, const std::vector<std::int64_t>& ids,
                               const model::Pass& pass = {}) {
  const torch::NoGradGuard no_gradients;
  const model::Tokens tokens{.ids = token_ids(ids), .positions = {}, .documents = {}};
  return model.logits(model.hidden(tokens, pass), pass)[0];
}

/// A tensor of two axes as rows of numbers.
inline Matrix to_matrix(const model::Tensor& tensor) {
  const model::Tensor values = tensor.detach().to(at::kDouble).contiguous();
  Matrix rows(static_cast<std::size_t>(values.size(0)));
  for (std::int64_t row = 0; row < values.size(0); ++row) {
    const double* begin = values.const_data_ptr<double>() + row * values.size(1);
    rows[static_cast<std::size_t>(row)].assign(begin, begin + values.size(1));
  }
  return rows;
}

/// Most models and formulas of these tests are in double: sums of at most some hundred numbers up
/// to about 10, so that rounding is below 1e-13. Bounds from 1e-15 (for one or two operations on
/// numbers up to 1) to 1e-11 hold on every processor.
inline double largest_difference(const model::Tensor& a, const model::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

/// Keeps every value that it receives.
class Record : public model::Taps {
 public:
  model::Tensor see(const std::string& name, model::Tensor value) override {
    values.emplace(name, value.detach());
    return value;
  }
  std::map<std::string, model::Tensor> values;
};

}  // namespace qkv::tests
