#pragma once

#include <string>

#include "train/trainer.h"

namespace qkv::train {

/// What a config would train, for --dry-run: the resolved config, parameters, tokens, memory. Reads
/// and caches the text; writes no run. Throws Error where the run would: for the text, for a model
/// that does not fit, and if there are no kernels to check.
std::string describe(const config::Config& config);

/// The end of a run as a short table: steps, tokens, time, speed, losses, paths.
std::string summarise(const Trainer& trainer, Ending ending);

}  // namespace qkv::train
