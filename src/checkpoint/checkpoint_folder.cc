#include "checkpoint/checkpoint_folder.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "base/files.h"
#include "checkpoint/step_folder.h"
#include "checkpoint/stored_arrays.h"
#include "checkpoint/trainer_file.h"
#include "config/run_files.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;
namespace {

using config::kTrainerFile;

/// Whether a name is one of step_path's: other files in the folder are not read or removed.
bool is_step(const fs::path& path) { return is_step_name(path.filename()); }

bool is_link_name(const fs::path& name) { return name == "best" || name == "last"; }

/// Whether a name is that of an interrupted save.
bool is_leftover(const fs::path& path) {
  const auto name = base::named_by_temporary(path);
  return is_step_leftover(path) || (name && is_link_name(*name));
}

/// Whether `place` is a checkpoint that equals one next to it: a link to that one becomes such a
/// folder if a copy follows links (cp -rL). trainer.json holds the hash of each other file.
bool is_copy_of_step(const fs::path& place) {
  if (fs::is_symlink(place) || !fs::is_regular_file(place / kTrainerFile) || foreign_in_step(place))
    return false;
  const std::string trainer = base::read_file(place / kTrainerFile, base::file_limit::kJson);
  for (const auto& entry : fs::directory_iterator(place.parent_path())) {
    if (is_step(entry.path()) && fs::is_regular_file(entry.path() / kTrainerFile) &&
        base::read_file(entry.path() / kTrainerFile, base::file_limit::kJson) == trainer)
      return true;
  }
  return false;
}

/// A link to `target`, replaced in one step.
void swap_link(const fs::path& link, const fs::path& target, LinkKind kind) {
  if (is_copy_of_step(link)) {
    const fs::path temporary = base::temporary_name(link);
    std::error_code code;
    fs::rename(link, temporary, code);
    fs::remove_all(temporary, code);
  }
  write_step_link(link, target, kind);
}

}  // namespace

fs::path CheckpointFolder::step_path(std::int64_t step) const { return folder_ / step_name(step); }

void CheckpointFolder::update_links(const TrainerState& state, std::int64_t keep) const {
  const fs::path last = step_path(state.step).filename();
  const auto& measured = state.best_checkpoint;
  const fs::path best =
      measured && holds(measured->step) ? step_path(measured->step).filename() : last;
  swap_link(folder_ / "last", last, links_);
  swap_link(folder_ / "best", best, links_);
  base::sync_folder(folder_);

  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const fs::path name = entry.path().filename();
    if (is_step(name) && name != last && name != best && name != step_path(0).filename() &&
        holds_weights(entry.path()) && !foreign_in_step(entry.path()))
      others.push_back(name);
  }
  std::sort(others.begin(), others.end(),
            [](const fs::path& a, const fs::path& b) { return earlier(b, a); });
  // Renamed first to a name that no reader accepts as a checkpoint: half a removal leaves none.
  for (std::size_t index = static_cast<std::size_t>(std::max<std::int64_t>(keep, 0));
       index < others.size(); ++index) {
    std::error_code ignored;
    const fs::path doomed = base::temporary_name(folder_ / others[index]);
    fs::rename(folder_ / others[index], doomed, ignored);
    fs::remove_all(doomed, ignored);
  }
}

std::optional<fs::path> CheckpointFolder::newest() const {
  std::optional<fs::path> newest;
  if (!fs::is_directory(folder_)) return newest;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (is_leftover(entry.path())) {
      std::error_code ignored;
      fs::remove_all(entry.path(), ignored);
    } else if (is_step(entry.path()) && holds_weights(entry.path()) &&
               (!newest || earlier(*newest, entry.path()))) {
      newest = entry.path();
    }
  }
  return newest;
}

std::optional<MeasuredLoss> CheckpointFolder::best_of(
    const std::vector<MeasuredLoss>& measured) const {
  std::optional<MeasuredLoss> best;
  for (const MeasuredLoss& one : measured) {
    if (holds(one.step) && (!best || one.loss < best->loss)) best = one;
  }
  return best;
}

bool CheckpointFolder::holds(std::int64_t step) const { return holds_weights(step_path(step)); }

std::optional<fs::path> CheckpointFolder::foreign() const {
  if (!fs::exists(folder_)) return std::nullopt;
  if (!fs::is_directory(folder_)) return folder_;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const fs::path& path = entry.path();
    if (is_leftover(path)) continue;
    if (!is_step(path) && !is_link_name(path.filename())) return path;
    if (entry.is_symlink() || (is_link_name(path.filename()) && read_step_link(path))) continue;
    if (auto found = foreign_in_step(path)) return found;
  }
  return std::nullopt;
}

base::NamedArrays read_optimizer(const fs::path& checkpoint) {
  const fs::path path = checkpoint / config::kOptimizerFile;
  // At most two moments for each weight.
  const double weights =
      static_cast<double>(fs::file_size(checkpoint / config::kWeightsFile)) / sizeof(float);
  const base::InputFile file(path, largest_safetensors(2 * weights));
  require_undamaged(path, base::sha256_file(file), read_trainer(checkpoint));
  base::NamedArrays arrays = read_safetensors(file);
  require_finite(arrays, path.string());
  return arrays;
}

}  // namespace qkv::checkpoint
