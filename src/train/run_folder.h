#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "checkpoint/checkpoint.h"
#include "config/config.h"

namespace qkv::train {

/// How a run meets what its folder already holds.
enum class RunMode {
  kNew,  ///< the folder must be empty or absent, or hold a run that died before step 0 was saved
  kOverwrite,  ///< a qkv run in it is removed first; anything else, beside it or in its folders,
               ///< is an error
  kResume,     ///< a run must be there, and goes on
};

/// The folder of one run, locked against a second trainer as long as this lives.
class RunFolder {
 public:
  /// Throws Error where `mode` does not allow what is found, another trainer is at work here, or a
  /// link is where a run writes below its folder. Removes no run: that is begin()'s, once
  /// everything else was accepted.
  RunFolder(std::filesystem::path path, RunMode mode);
  /// Removes a folder that was made for a run that never began.
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// Starts a new run: removes an old one, which the mode allowed, and writes tokenizer.model.
  /// Throws Error, before anything is removed, where the old one's folders hold something else.
  void begin(const text::Tokenizer& tokenizer);

  /// Writes config.json, the newest checkpoint's. To be called after each save: where there is a
  /// config.json there is something to resume from.
  void write_config(const config::Config& config) const;

  /// Throws Error, naming the first key, unless `wanted` is the resumed run's but for steps,
  /// validate_every, log_every, patience, checkpoints, runtime and where the data lies.
  void require_same(const config::Config& wanted) const;

  /// The config with which the run that is resumed made its newest checkpoint.
  config::Config config() const;

  /// The run's tokenizer.
  text::Tokenizer tokenizer(const config::Config& config) const;

  /// The newest checkpoint of a run that is resumed; nothing for a new run.
  const std::optional<std::filesystem::path>& newest() const { return newest_; }

  const std::filesystem::path& path() const { return path_; }
  const checkpoint::CheckpointFolder& checkpoints() const { return checkpoints_; }

 private:
  void require_nothing_foreign() const;

  std::filesystem::path path_;
  bool made_ = false;  ///< the folder was not there before
  std::unique_ptr<base::FileLock> lock_;
  checkpoint::CheckpointFolder checkpoints_;
  std::optional<std::filesystem::path> newest_;
};

}  // namespace qkv::train
