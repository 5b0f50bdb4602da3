#pragma once

#include <filesystem>
#include <optional>

#include "checkpoint/checkpoint.h"
#include "config/config.h"

namespace qkv::train {

/// What a run does with existing files in its folder.
enum class RunMode {
  kNew,  ///< the folder must be empty or absent, or hold a run that died before step 0 was saved
  kOverwrite,  ///< a qkv run in it is removed first; any other file, next to it or in its folders,
               ///< is an error
  kResume,     ///< a run must exist, and is resumed
};

struct TrainingOptions {
  std::filesystem::path out;  ///< the run's folder
  RunMode mode = RunMode::kNew;
  /// What provides the initial weights and the tokenizer. It is opened before the run's text is
  /// read: meanwhile, a running training may remove the checkpoint, or point its links to another.
  std::optional<checkpoint::Checkpoint> init;
};

/// How a run ended.
enum class Ending { kFinished, kStoppedEarly, kInterrupted, kAlreadyFinished };

/// Trains the model that a config describes, or goes on with it, until it ends, stops early or a
/// signal interrupts it; saves checkpoints in the folder of the run. Throws Error (Fault::kInput)
/// for any error in the user's input, before anything is removed or a step is made, and Error
/// (Fault::kRun) if a loss or a weight is not finite or a save fails: the last good checkpoint
/// stays.
Ending train(const config::Config& config, TrainingOptions options);

}  // namespace qkv::train
