#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/config.h"

namespace qkv::train {

/// The most bytes that a run takes on the processor: its steps, their batches and a validation,
/// without the program and its libraries. As a double: nothing overflows.
double estimate_memory(const config::Config& config, std::int64_t vocabulary);

/// config::check_config with this estimate, on the device that "auto" selects on this machine.
void check_run(config::Config config, const std::string& name,
               std::optional<std::int64_t> vocabulary = std::nullopt);

}  // namespace qkv::train
