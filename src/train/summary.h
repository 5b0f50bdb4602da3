#pragma once

#include <string>

#include "train/trainer.h"

namespace qkv::train {

/// What a config would train, for --dry-run: the resolved config, parameters, tokens, memory. Reads
/// and caches the text; writes no run.
std::string describe(const config::Config& config);

/// The end of a run as a short table: steps, tokens, time, speed, losses, paths.
std::string summarise(const Trainer& trainer, Ending ending);

}  // namespace qkv::train
