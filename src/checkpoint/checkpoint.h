#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/step_link.h"
#include "config/config.h"
#include "engine/model.h"
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
  std::unique_ptr<const engine::Model> model;
  TrainerState state;        ///< default values if there is no trainer.json
  std::string config_hash;   ///< SHA-256 of config.json
  std::string weights_hash;  ///< SHA-256 of model.safetensors
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

/// The checkpoints of one run: RUN/checkpoints/step-NNNNNNN, with the links best and last.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(const std::filesystem::path& run, LinkKind links = LinkKind::kSymbolic)
      : folder_(run / "checkpoints"), links_(links) {}

  /// Writes a checkpoint, completely or not at all. `optimizer` holds the moments. Only the names
  /// of the config's files are written. Throws Error (Fault::kRun) if it fails; what existed before
  /// stays.
  void save(const config::Config& config, const text::Tokenizer& tokenizer,
            const std::vector<SavedArray>& weights, const std::vector<SavedArray>& optimizer,
            const TrainerState& state) const;

  /// Points best and last as `state` says (best to the last if that one is gone), and removes
  /// checkpoints older than the newest `keep`. The untrained, the best and the last one are never
  /// removed, nor a folder that contains anything other than a checkpoint's files.
  void update_links(const TrainerState& state, std::int64_t keep) const;

  /// The newest complete checkpoint, or nothing. Removes what interrupted saves left.
  std::optional<std::filesystem::path> newest() const;

  /// The lowest of these losses whose step has a checkpoint.
  std::optional<MeasuredLoss> best_of(const std::vector<MeasuredLoss>& measured) const;

  /// Something in the folder that no qkv run makes and that may therefore not be removed; or
  /// nothing.
  std::optional<std::filesystem::path> foreign() const;

  /// Whether the checkpoint of a step exists.
  bool holds(std::int64_t step) const;

  std::filesystem::path step_path(std::int64_t step) const;

 private:
  std::filesystem::path folder_;
  LinkKind links_;
};

/// Reads the optimizer's moments of a checkpoint, checked against the hash in trainer.json. Throws
/// Error if one is not finite.
base::NamedArrays read_optimizer(const std::filesystem::path& checkpoint);

}  // namespace qkv::checkpoint
