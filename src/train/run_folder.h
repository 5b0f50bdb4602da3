#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/snapshot_folder.h"
#include "config/config.h"
#include "train/training.h"

namespace qkv::train {

/// The folder of one run, locked against a second trainer during its lifetime.
class RunFolder {
 public:
  /// Throws Error if `mode` does not allow what exists, another trainer uses the folder, or a run
  /// would write through a link in its folder. Removes no run: begin() does this, after everything
  /// else was accepted.
  RunFolder(std::filesystem::path path, RunMode mode);
  /// Removes a folder that was made for a run that never began.
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// Starts a new run: removes an old one, if the mode allows it, and writes tokenizer.model.
  /// Throws Error, before anything is removed, if the folders of the old run hold other files or
  /// may not be emptied.
  void begin(const text::Tokenizer& tokenizer);

  /// Writes config.json for the newest checkpoint. Call it after each save: if there is a
  /// config.json, the run can be resumed.
  void write_config(const config::Config& config) const;

  /// Throws Error, naming the first key, unless `wanted` equals the config of the resumed run in
  /// everything except steps, validate_every, log_every, patience, checkpoints, runtime and the
  /// paths of the data.
  void require_same(const config::Config& wanted) const;

  /// The config of the resumed run at its newest checkpoint.
  config::Config config() const;

  /// The run's tokenizer.
  text::Tokenizer tokenizer(const config::Config& config) const;

  /// The newest checkpoint of a resumed run; nothing for a new run.
  const std::optional<std::filesystem::path>& newest() const { return newest_; }

  const std::filesystem::path& path() const { return path_; }
  const checkpoint::CheckpointFolder& checkpoints() const { return checkpoints_; }
  const checkpoint::SnapshotFolder& snapshots() const { return snapshots_; }

 private:
  void require_removable() const;

  std::filesystem::path path_;
  bool made_ = false;  ///< the folder did not exist before
  std::unique_ptr<base::FileLock> lock_;
  checkpoint::CheckpointFolder checkpoints_;
  checkpoint::SnapshotFolder snapshots_;
  std::optional<std::filesystem::path> newest_;
};

}  // namespace qkv::train
