#include "train/run_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>

#include "base/error.h"
#include "base/format.h"
#include "config/derived.h"
#include "config/run_files.h"
#include "config/schema.h"
#include "train/difference.h"
#include "train/tensorboard.h"

namespace qkv::train {
namespace fs = std::filesystem;
namespace {

using config::kCheckpointsFolder;
using config::kConfigFile;
using config::kLockFile;
using config::kMetricsFile;
using config::kSnapshotsFolder;
using config::kTensorBoardFolder;
using config::kTokenizerFile;

bool is_hidden(const fs::path& path) { return path.filename().string().front() == '.'; }

bool is_one_of(const fs::path& path, std::initializer_list<const char*> names) {
  return std::find(names.begin(), names.end(), path.filename()) != names.end();
}

/// Whether there is a qkv run here. Its config.json must be one of qkv's, since other programs'
/// models have files with the same names. A checkpoint looks like a run, but is not one.
bool holds_run(const fs::path& path) {
  if (!fs::is_regular_file(path / kConfigFile) || !fs::is_regular_file(path / kTokenizerFile))
    return false;
  if (fs::exists(path / config::kWeightsFile) || fs::exists(path / config::kTrainerFile))
    return false;
  try {
    config::parse_config(base::read_json(path / kConfigFile), kConfigFile, path);
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

/// Throws Error if this is a run that has lost one of its own files but not its checkpoints: it can
/// neither be resumed nor removed as one.
void require_whole(const fs::path& run) {
  const fs::path checkpoints = run / kCheckpointsFolder;
  if (!fs::is_directory(checkpoints)) return;
  const fs::directory_iterator entries(checkpoints);
  const bool trained = std::any_of(begin(entries), end(entries), [](const auto& entry) {
    return checkpoint::is_step_name(entry.path().filename()) &&
           entry.path().filename() != checkpoint::step_name(0) &&
           fs::exists(entry.path() / config::kTrainerFile);
  });
  if (!trained) return;
  for (const char* file : {kConfigFile, kTokenizerFile}) {
    const fs::path path = run / file;
    if (!fs::exists(path)) {
      throw base::Error(base::concat(path.string(), ": not found, expected this file of the run; ",
                                     "its checkpoints are in ", checkpoints.string()));
    }
  }
  config::parse_config(base::read_json(run / kConfigFile), (run / kConfigFile).string(), run);
}

/// Whether nothing would be lost: there are only hidden files, or the files of a run that died
/// before its config.json was written, with its untrained model at most.
bool holds_nothing(const fs::path& path) {
  if (!fs::exists(path)) return true;
  bool empty = true;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (is_hidden(entry)) continue;
    if (!is_one_of(entry, {kTokenizerFile, kCheckpointsFolder, kSnapshotsFolder, kMetricsFile,
                           kTensorBoardFolder}))
      return false;
    empty = false;
  }
  if (empty) return true;
  if (!fs::exists(path / kLockFile)) return false;  // other programs may use such names too
  if (!fs::is_directory(path / kCheckpointsFolder)) return true;
  const fs::directory_iterator checkpoints(path / kCheckpointsFolder);
  return std::all_of(begin(checkpoints), end(checkpoints), [](const auto& entry) {
    return is_hidden(entry) || is_one_of(entry, {"step-0000000", "best", "last"});
  });
}

/// What must not differ when a run is resumed. The hash of the text is compared instead of its
/// path.
base::Json comparable(const config::Config& config) {
  base::Json json = config::kept_of_run(config);
  for (const char* key : {"train", "validation"}) json["data"].erase(key);
  return json;
}

/// Throws Error if something that a run writes to is a link: it might lead anywhere.
void require_no_links(const fs::path& run) {
  for (const char* part : {kLockFile, kCheckpointsFolder, kSnapshotsFolder, kTensorBoardFolder}) {
    if (fs::is_symlink(run / part)) {
      throw base::Error(base::concat((run / part).string(), ": found a link, expected a ",
                                     std::string_view(part) == kLockFile ? "file" : "folder",
                                     "; a run does not write through links in its folder"));
    }
  }
}

/// Throws Error if the files in a folder cannot be removed.
void require_emptiable(const fs::path& folder) {
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) == 0) return;
  const int code = errno;
  if (std::error_code unread; fs::is_empty(folder, unread) && !unread) return;
  throw base::Error(base::concat(
      folder.string(), ": its files cannot be removed for a new run: ", std::strerror(code)));
}

}  // namespace

RunFolder::RunFolder(fs::path path, RunMode mode)
    : path_(std::move(path)), checkpoints_(path_), snapshots_(path_) {
  const std::string name = path_.string();
  if (fs::exists(path_) && !fs::is_directory(path_))
    throw base::Error(base::concat(name, ": found a file, expected a folder"));
  if (!holds_run(path_)) require_whole(path_);
  if (mode == RunMode::kResume && !holds_run(path_))
    throw base::Error(base::concat(name, ": holds no run to resume"));
  if (mode == RunMode::kNew && !holds_nothing(path_)) {
    throw base::Error(
        base::concat(name, ": is not empty; expected a new folder, --resume or --overwrite"));
  }
  if (mode == RunMode::kOverwrite && !holds_nothing(path_) && !holds_run(path_)) {
    throw base::Error(base::concat(
        name, ": holds something that is not a qkv run; --overwrite removes only qkv runs"));
  }
  require_no_links(path_);
  if (mode != RunMode::kResume) require_removable();
  made_ = !fs::exists(path_);
  base::make_folder(path_);
  lock_ = std::make_unique<base::FileLock>(path_ / kLockFile, name);
  if (mode == RunMode::kResume) {
    newest_ = checkpoints_.newest();
    if (!newest_) throw base::Error(base::concat(name, ": holds no checkpoint to resume from"));
  }
}

RunFolder::~RunFolder() {
  if (!made_) return;
  std::error_code ignored;
  fs::remove(path_ / kLockFile, ignored);
  fs::remove(path_, ignored);  // only if it is empty
}

void RunFolder::require_removable() const {
  auto found = checkpoints_.foreign();
  if (!found) found = snapshots_.foreign();
  if (!found) found = foreign_to_tensorboard(path_ / kTensorBoardFolder);
  for (const char* file : {kConfigFile, kTokenizerFile, kMetricsFile}) {
    if (!found && fs::is_directory(path_ / file)) found = path_ / file;
  }
  if (found) {
    throw base::Error(base::concat(
        found->string(), ": not made by qkv, expected it in another folder; ", path_.string(),
        " is emptied for a new run, but only files of qkv are removed"));
  }
  if (fs::exists(path_)) require_emptiable(path_);
  for (const char* part : config::kRunFolders) {
    if (!fs::is_directory(path_ / part)) continue;
    require_emptiable(path_ / part);
    for (const auto& entry : fs::recursive_directory_iterator(path_ / part)) {
      if (entry.is_directory() && !entry.is_symlink()) require_emptiable(entry.path());
    }
  }
}

void RunFolder::begin(const text::Tokenizer& tokenizer) {
  require_removable();
  made_ = false;
  // The old config is removed last: until then, this is a run that --overwrite may remove.
  for (const char* part :
       {kCheckpointsFolder, kSnapshotsFolder, kMetricsFile, kTensorBoardFolder, kConfigFile}) {
    fs::remove_all(path_ / part);
  }
  base::write_file(path_ / kTokenizerFile, tokenizer.bytes());
}

void RunFolder::write_config(const config::Config& config) const {
  base::write_file(path_ / kConfigFile, config::to_json(config).dump(2) + "\n");
}

config::Config RunFolder::config() const {
  const fs::path path = path_ / kConfigFile;
  return config::parse_config(base::read_json(path), path.string(), path_);
}

void RunFolder::require_same(const config::Config& wanted) const {
  if (const auto difference = first_difference(comparable(wanted), comparable(config()))) {
    throw base::Error(base::concat(difference->key, ": found ", config::shown(difference->found),
                                   ", but the run in ", path_.string(), " has ",
                                   config::shown(difference->expected),
                                   "; a resumed run may not change it"));
  }
}

text::Tokenizer RunFolder::tokenizer(const config::Config& config) const {
  return text::Tokenizer::load(path_ / kTokenizerFile, config.tokenizer.kind);
}

}  // namespace qkv::train
