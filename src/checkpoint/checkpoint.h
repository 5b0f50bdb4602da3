#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "engine/declarations.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::checkpoint {

/// A validation loss and the step at which it was measured.
struct MeasuredLoss {
  double loss = 0;
  std::int64_t step = 0;
};

/// What a trainer needs to continue, besides weights and moments. All randomness derives from the
/// config's seed and the step, so there is no generator to save.
struct TrainerState {
  std::int64_t step = 0;
  std::uint64_t tokens = 0;                     ///< tokens read so far
  std::optional<MeasuredLoss> best;             ///< lowest validation loss of all
  std::optional<MeasuredLoss> best_checkpoint;  ///< lowest among saved checkpoints
  std::int64_t validations_without_best = 0;
  std::string train_hash;
  std::string validation_hash;
  std::string libtorch;  ///< the version of libtorch with which it is trained
};

/// An opened checkpoint, ready to compute.
struct Checkpoint {
  std::filesystem::path path;
  config::Config config;
  text::Tokenizer tokenizer;
  std::shared_ptr<const engine::Model> model;  ///< not null
  TrainerState state;                          ///< default values if there is no trainer.json
  std::string config_hash;                     ///< SHA-256 of config.json
  std::string weights_hash;                    ///< SHA-256 of model.safetensors
};

/// The folder that `path` selects: itself if it is a checkpoint, the target if it is a run's best
/// or last, otherwise the best checkpoint of the run folder. Throws Error if there is none, or if
/// it points to one that does not exist.
std::filesystem::path find_checkpoint(const std::filesystem::path& path);

/// The name of a checkpoint in files that people share: its path, starting with the run's folder,
/// or its own folder's name if it is in no run. A relative path without . and .. stays unchanged.
std::string checkpoint_name(const std::filesystem::path& checkpoint);

/// Opens a checkpoint folder or a run folder; reads only data, executes nothing. Throws Error if a
/// file is missing, damaged (its SHA-256 is not that in trainer.json), or does not fit the config
/// (detected before the model takes memory), or if a weight is not finite. A checkpoint holds the
/// names of its text files; their paths come from the config.json of its run. If a running training
/// removes the checkpoint that its link selected, the next one is opened.
Checkpoint open_checkpoint(const std::filesystem::path& path);

/// Only the config of a checkpoint folder. Throws Error as open_checkpoint does.
config::Config checkpoint_config(const std::filesystem::path& checkpoint);

}  // namespace qkv::checkpoint
