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
#include "model/libtorch.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace qkv::checkpoint {

/// A validation loss and the step at which it was measured.
struct MeasuredLoss {
  double loss = 0;
  std::int64_t step = 0;
};

/// What a trainer must know to go on, beside weights and moments. All randomness derives from the
/// config's seed and the step, so there is no generator to save.
struct TrainerState {
  std::int64_t step = 0;
  std::uint64_t tokens = 0;                     ///< read so far
  std::optional<MeasuredLoss> best;             ///< lowest validation loss of all
  std::optional<MeasuredLoss> best_checkpoint;  ///< lowest among saved checkpoints
  std::int64_t validations_without_best = 0;
  std::string train_hash;
  std::string validation_hash;
};

/// An opened checkpoint, ready to compute.
struct Checkpoint {
  std::filesystem::path path;
  config::Config config;
  text::Tokenizer tokenizer;
  std::unique_ptr<const model::Model> model;
  TrainerState state;        ///< all at its defaults where there is no trainer.json
  std::string config_hash;   ///< SHA-256 of config.json
  std::string weights_hash;  ///< SHA-256 of model.safetensors
};

/// The folder that `path` means: itself if it is a checkpoint, the one that it points to if it is a
/// run's best or last, else the best checkpoint of the run folder. Throws Error where it is none,
/// or points to one that is not there.
std::filesystem::path find_checkpoint(const std::filesystem::path& path);

/// What a checkpoint is called in files that people share: its path from the run's folder on, or
/// its own folder's name where it is in no run. A relative path without . and .. stays as it is.
std::string checkpoint_name(const std::filesystem::path& checkpoint);

/// Opens a checkpoint folder or a run folder; reads data only, executes nothing. Throws Error where
/// a file is missing, damaged (its SHA-256 is not the one in trainer.json), does not fit the
/// config, before the model takes memory, or holds a weight that is not finite. A checkpoint names
/// the files of its text; where they lie is taken from the config.json of the run that it is in.
Checkpoint open_checkpoint(const std::filesystem::path& path, const model::Runtime& runtime);

/// The config of a checkpoint folder alone. Throws Error as open_checkpoint.
config::Config checkpoint_config(const std::filesystem::path& checkpoint);

/// Copies tensors into the model's weights. Throws Error, naming `where`, unless names and shapes
/// are exactly the model's.
void load_weights(const NamedTensors& tensors, const model::Model& model, const std::string& where);

/// The checkpoints of one run: RUN/checkpoints/step-NNNNNNN, with the links best and last.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(const std::filesystem::path& run, LinkKind links = LinkKind::kSymbolic)
      : folder_(run / "checkpoints"), links_(links) {}

  /// Writes a checkpoint: complete or absent. `optimizer` holds the moments. Of the config's files
  /// only the names are written. Throws Error (Fault::kRun) where it cannot; what was there before
  /// stays.
  void save(const config::Config& config, const text::Tokenizer& tokenizer,
            const model::Model& model, const NamedTensors& optimizer,
            const TrainerState& state) const;

  /// Points best and last where `state` says (best to the last where that one is gone), and removes
  /// what is older than the newest `keep`; the untrained, the best and the last are never removed,
  /// nor a folder that holds something else than a checkpoint's files.
  void update_links(const TrainerState& state, std::int64_t keep) const;

  /// The newest complete checkpoint, or nothing. Leftovers of saves that were cut off are removed.
  std::optional<std::filesystem::path> newest() const;

  /// The lowest of these losses whose step is among the checkpoints.
  std::optional<MeasuredLoss> best_of(const std::vector<MeasuredLoss>& measured) const;

  /// Something in the folder that no qkv run makes, whose name one may not remove; or nothing.
  std::optional<std::filesystem::path> foreign() const;

  /// Whether the checkpoint of a step is there.
  bool holds(std::int64_t step) const;

  std::filesystem::path step_path(std::int64_t step) const;

 private:
  std::filesystem::path folder_;
  LinkKind links_;
};

/// Reads the optimizer's moments of a checkpoint, checked against trainer.json's hash. Throws Error
/// where one is not finite.
NamedTensors read_optimizer(const std::filesystem::path& checkpoint);

}  // namespace qkv::checkpoint
