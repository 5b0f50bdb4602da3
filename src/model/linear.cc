#include "model/linear.h"

#include <cmath>

namespace qkv {

double residual_deviation(const ModelConfig& config) {
  return config.initial_deviation / std::sqrt(2.0 * static_cast<double>(config.layers));
}

}  // namespace qkv
