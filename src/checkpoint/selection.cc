#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/step_folder.h"
#include "checkpoint/step_link.h"
#include "config/run_files.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;

fs::path find_checkpoint(const fs::path& path) {
  if (holds_weights(path)) return path;
  fs::path best = path / config::kCheckpointsFolder / "best";
  for (const fs::path& place : {path, best}) {
    auto name = read_step_link(place);
    while (name && (place != path || is_step_name(*name))) {
      fs::path target = place.parent_path() / *name;
      if (holds_weights(target)) return target;
      const auto before = std::exchange(name, read_step_link(place));
      if (name != before) continue;  // a running training has replaced it
      throw base::Error(base::concat(
          place.string(), ": points to ", name->string(),
          ", which does not exist, expected a checkpoint; qkv-train --resume points it "
          "to the best remaining one"));
    }
  }
  // A copy of a run may have a folder instead of the link.
  if (holds_weights(best)) return best;
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    throw base::Error(
        base::concat(path.string(), ": not found, expected a checkpoint or run folder"));
  throw base::Error(base::concat(path.string(), ": found neither ", config::kWeightsFile,
                                 " nor checkpoints/best, expected a checkpoint or run folder"));
}

std::string checkpoint_name(const fs::path& checkpoint) {
  const auto names = [&](const char* part) {
    return std::find(checkpoint.begin(), checkpoint.end(), part) != checkpoint.end();
  };
  if (checkpoint.is_relative() && !names("..") && !names(".")) return checkpoint.string();
  fs::path place = fs::absolute(checkpoint).lexically_normal();
  if (!place.has_filename()) place = place.parent_path();
  const fs::path checkpoints = place.parent_path();
  if (checkpoints.filename() != config::kCheckpointsFolder) return place.filename();
  return checkpoints.parent_path().filename() / checkpoints.filename() / place.filename();
}

}  // namespace qkv::checkpoint
