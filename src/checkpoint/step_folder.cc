#include "checkpoint/step_folder.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "config/run_files.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;

bool holds_weights(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / config::kWeightsFile, ignored);
}

bool earlier(const fs::path& a, const fs::path& b) {
  const std::string left = a.filename();
  const std::string right = b.filename();
  return left.size() != right.size() ? left.size() < right.size() : left < right;
}

std::optional<fs::path> foreign_in_step(const fs::path& folder) {
  const auto& files = config::kCheckpointFiles;
  if (!fs::is_directory(folder)) return folder;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool ours = std::find(files.begin(), files.end(), entry.path().filename()) != files.end();
    if (!ours || entry.is_directory()) return entry.path();
  }
  return std::nullopt;
}

}  // namespace qkv::checkpoint
