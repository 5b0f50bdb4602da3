#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "checkpoint/checkpoint.h"

namespace qkv::checkpoint {

// trainer.json of a checkpoint: the state of its run, and the SHA-256 of each other file.

/// trainer.json as JSON, or null if the folder has none (a checkpoint of another program).
base::Json read_trainer(const std::filesystem::path& checkpoint);

/// Throws Error unless trainer.json has this SHA-256 for this file.
void require_undamaged(const std::filesystem::path& file, const std::string& hash,
                       const base::Json& trainer);

/// The state as trainer.json holds it.
base::Json to_json(const TrainerState& state);

/// The state in trainer.json of a checkpoint in `folder`, from a run with this config. Throws Error
/// if such a run cannot have reached one of its numbers.
TrainerState state_from(const base::Json& json, const std::filesystem::path& folder,
                        const config::Config& config);

}  // namespace qkv::checkpoint
