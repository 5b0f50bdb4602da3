#include "train/gradient_rounding.h"

#include <algorithm>
#include <cmath>

#include "base/rounding.h"

namespace qkv::train {

double gradient_rounding(const config::Config& config, std::int64_t vocabulary, bool bfloat16) {
  const spec::ModelConfig& model = config.model;
  // The inputs and outputs of a layer's products, forward and backward: 28 roundings.
  if (bfloat16)
    return base::rounding_of(28 * static_cast<double>(model.layers), base::kBfloat16Rounding);
  const std::int64_t layer =
      4 * model.width + 2 * model.feed_forward.width + 2 * model.head_width() + 2 * model.context;
  const std::int64_t tokens =
      config.training.accumulation * config.training.batch_size * model.context;
  return base::rounding_of(static_cast<double>(2 * model.layers * layer + 2 * vocabulary + tokens));
}

std::vector<double> rounded_sizes(const config::Config& config, std::vector<double> sizes) {
  double squares = 0;
  for (const double size : sizes) squares += size * size;
  const double least = (config.model.context == 1 ? 1 : 1e-2) * std::sqrt(squares);
  for (double& size : sizes) size = std::max(size, least);
  return sizes;
}

}  // namespace qkv::train
