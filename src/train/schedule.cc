#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qkv::train {

double learning_rate(const config::TrainingConfig& config, std::int64_t step) {
  const double highest = config.learning_rate;
  if (step <= config.warmup_steps) {
    return highest * static_cast<double>(step) / static_cast<double>(config.warmup_steps);
  }
  const double length =
      static_cast<double>(std::max<std::int64_t>(1, config.steps - config.warmup_steps));
  const double share = std::min(1.0, static_cast<double>(step - config.warmup_steps) / length);
  const auto falling = [&](double left) {
    return config.minimum_learning_rate + left * (highest - config.minimum_learning_rate);
  };
  switch (config.schedule) {
    case spec::Schedule::kCosine:
      return falling(0.5 * (1 + std::cos(std::numbers::pi * share)));
    case spec::Schedule::kLinear:
      return falling(1 - share);
    case spec::Schedule::kConstant:
      break;
  }
  return highest;
}

}  // namespace qkv::train
