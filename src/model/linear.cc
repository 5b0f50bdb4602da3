#include "model/linear.h"

#include <cmath>

namespace qkv {

double residual_deviation(std::int64_t layers) {
  return kInitialDeviation / std::sqrt(2.0 * static_cast<double>(layers));
}

}  // namespace qkv
