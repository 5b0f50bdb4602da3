#include "checkpoint/snapshot_folder.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

#include "base/files.h"
#include "checkpoint/step_folder.h"
#include "checkpoint/step_link.h"
#include "checkpoint/stored_arrays.h"
#include "config/run_files.h"
#include "engine/model.h"
#include "spec/weights.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;
namespace {

using config::kWeightsFile;

/// The step of the snapshot in a folder with this name; nothing for any other name.
std::optional<std::int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename();
  if (!is_step_name(name)) return std::nullopt;
  std::int64_t step = 0;
  std::from_chars(name.data() + name.find('-') + 1, name.data() + name.size(), step);
  if (step_name(step) != name) return std::nullopt;
  return step;
}

/// Something in a snapshot's folder other than its weights, or the folder itself if it is none.
std::optional<fs::path> foreign_in_snapshot(const fs::path& folder) {
  if (!fs::is_directory(folder) || fs::is_symlink(folder)) return folder;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename() != kWeightsFile || entry.is_directory()) return entry.path();
  }
  return std::nullopt;
}

}  // namespace

SnapshotFolder::SnapshotFolder(const fs::path& run) : folder_(run / config::kSnapshotsFolder) {}

fs::path SnapshotFolder::step_path(std::int64_t step) const { return folder_ / step_name(step); }

void SnapshotFolder::save(std::int64_t step, const std::vector<SavedArray>& weights) const {
  replace_step(step_path(step), [&](const fs::path& temporary) {
    write_safetensors(temporary / kWeightsFile, weights);
  });
}

std::vector<std::int64_t> SnapshotFolder::steps() const {
  std::vector<std::int64_t> steps;
  if (!fs::is_directory(folder_)) return steps;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const auto step = step_of(entry.path());
    if (step && holds_weights(entry.path())) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

void SnapshotFolder::remove_after(std::int64_t step) const {
  if (!fs::is_directory(folder_)) return;
  std::vector<fs::path> gone;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const fs::path& path = entry.path();
    const auto of = step_of(path);
    const bool later = of && *of > step && !foreign_in_snapshot(path);
    if (later || is_step_leftover(path)) gone.push_back(path);
  }
  // Renamed first: half a removal leaves no snapshot.
  for (const fs::path& path : gone) {
    std::error_code ignored;
    const fs::path doomed = is_step_leftover(path) ? path : base::temporary_name(path);
    if (doomed != path) fs::rename(path, doomed, ignored);
    fs::remove_all(doomed, ignored);
  }
}

std::optional<fs::path> SnapshotFolder::foreign() const {
  if (!fs::exists(folder_)) return std::nullopt;
  if (!fs::is_directory(folder_)) return folder_;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (is_step_leftover(entry.path())) continue;
    if (!step_of(entry.path())) return entry.path();
    if (auto found = foreign_in_snapshot(entry.path())) return found;
  }
  return std::nullopt;
}

std::shared_ptr<const engine::Model> open_snapshot(const fs::path& snapshot,
                                                   const Checkpoint& of_run) {
  const fs::path path = snapshot / kWeightsFile;
  const spec::ModelConfig& model = of_run.config.model;
  const std::int64_t vocabulary = of_run.tokenizer.size();
  const base::InputFile file(path, largest_safetensors(spec::count_parameters(model, vocabulary)));
  base::NamedArrays arrays = read_safetensors(file);
  require_finite(arrays, path.string());
  return std::make_shared<const engine::Model>(
      model, vocabulary,
      in_order(std::move(arrays), spec::WeightList(model, vocabulary), path.string()));
}

}  // namespace qkv::checkpoint
