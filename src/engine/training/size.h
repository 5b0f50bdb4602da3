#pragma once

#include <cstdint>

#include "spec/model.h"
#include "spec/training.h"

namespace qkv::engine {

/// The most rows that go through a pass of TrainingStep together, for batches of so many rows on so
/// many threads.
std::int64_t rows_in_a_pass(const spec::ModelConfig& config, std::int64_t rows,
                            std::int64_t threads);

/// The bytes that a TrainingStep and its TrainingUpdate take. As a double: nothing overflows.
double step_bytes(const spec::ModelConfig& config, const spec::TrainingConfig& training,
                  std::int64_t vocabulary, bool bfloat16, std::int64_t threads);

}  // namespace qkv::engine
