#include "model/linear.h"

#include <cmath>

namespace qkv::model {

double residual_deviation(const config::ModelConfig& config) {
  return config.initial_deviation / std::sqrt(2.0 * static_cast<double>(config.layers));
}

}  // namespace qkv::model
