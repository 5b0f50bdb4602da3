#pragma once

#include <cstdint>

#include "config/config.h"

namespace qkv::train {

/// The learning rate of update `step` (counted from 1): a linear warm-up from 0 over warmup_steps,
/// then from learning_rate to minimum_learning_rate at the last step: along half a cosine,
/// linearly, or not at all.
double learning_rate(const config::TrainingConfig& config, std::int64_t step);

}  // namespace qkv::train
