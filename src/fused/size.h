#pragma once

#include <cstdint>

#include "config/config.h"

namespace qkv::fused {

/// The most rows that go through a pass of FusedStep together, for batches of so many rows on so
/// many threads.
std::int64_t rows_in_a_pass(const spec::ModelConfig& config, std::int64_t rows,
                            std::int64_t threads);

/// The bytes that a FusedStep and its FusedUpdate take. As a double: nothing overflows.
double step_bytes(const spec::ModelConfig& config, const config::TrainingConfig& training,
                  std::int64_t vocabulary, bool bfloat16, std::int64_t threads);

}  // namespace qkv::fused
