#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "engine/reader.h"
#include "model/support.h"

namespace qkv::tests {

using Ids = std::vector<std::int32_t>;

constexpr std::int64_t kVocabulary = 37;

/// One model twice: as src/model defines it, in double, and as the engine reads it. The weights are
/// as large as after training.
class Both {
 public:
  explicit Both(const spec::ModelConfig& config, unsigned seed = 7,
                kernels::Instructions instructions = kernels::instructions())
      : model_(model::make_model(config, kVocabulary, 1, at::kDouble)) {
    const torch::NoGradGuard no_gradients;
    std::vector<base::Array> weights;
    for (const auto& [name, weight] : model_->parameters().list()) {
      const bool norm = name.find("norm.weight") != std::string::npos;
      const model::Tensor values = random_tensor(weight.sizes(), ++seed);
      const double inputs = static_cast<double>(weight.size(-1));
      const model::Tensor rounded =
          (norm ? 1 + 0.2 * values : values * (1.5 / std::sqrt(inputs))).to(at::kFloat);
      weight.copy_(rounded);
      base::Array& array = weights.emplace_back(weight.sizes().vec());
      std::copy_n(rounded.const_data_ptr<float>(), array.values.size(), array.values.data());
    }
    engine_ = std::make_unique<engine::Model>(config, kVocabulary, std::move(weights),
                                              kernels::loops(instructions));
  }

  const model::Model& model() const { return *model_; }
  const engine::Model& engine() const { return *engine_; }

  /// The model's logits after each token, [tokens, vocabulary].
  model::Tensor logits(const Ids& ids) const {
    return logits_of(*model_, std::vector<std::int64_t>(ids.begin(), ids.end()));
  }

 private:
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<engine::Model> engine_;
};

inline Ids some_ids(std::int64_t count) {
  Ids ids;
  for (std::int64_t at = 0; at < count; ++at)
    ids.push_back(static_cast<std::int32_t>((at * at + 5 * at + 3) % kVocabulary));
  return ids;
}

/// The rows of the engine as a tensor in double.
inline model::Tensor to_tensor(base::View view) {
  model::Tensor tensor = torch::empty(at::IntArrayRef(view.shape.data(), view.shape.size()));
  std::copy_n(view.data, view.size(), tensor.data_ptr<float>());
  return tensor.to(at::kDouble);
}

/// The largest difference, relative to the largest expected number.
inline double relative_error(const model::Tensor& found, const model::Tensor& expected) {
  return largest_difference(found, expected) / std::max(1.0, expected.abs().max().item<double>());
}

/// Compares numbers in float32 with those in double: 84 roundings of 2^-24. The longest path sums
/// some hundreds of numbers, whose roundings grow with the square root of this.
constexpr double kReaderRounding = 5e-6;

}  // namespace qkv::tests
