#pragma once

#include <string>

#include "config/config.h"

namespace qkv::config {

/// The pieces of a vocabulary that are not learned: 256 bytes and 4 specials.
constexpr std::int64_t kFixedPieces = 260;

/// Throws Error if the run needs more memory than the machine has. The message names the keys that
/// matter most, first those that the user set, and marks defaults. `name` appears in it.
void require_run_fits(const Config& config, const std::string& name, std::int64_t vocabulary,
                      const RunMemory& run_memory);

/// The same only for the weights and the position tables of a model.
void require_model_fits(const spec::ModelConfig& model, const std::string& name,
                        std::int64_t vocabulary, const Defaults& defaults);

}  // namespace qkv::config
