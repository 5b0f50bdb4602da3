#include "config/output.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "config/run_files.h"

namespace qkv::config {
namespace {

namespace fs = std::filesystem;

template <typename Names>
bool is_one_of(const fs::path& name, const Names& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Also a run that has lost some of its files.
bool is_run(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / kCheckpointsFolder, ignored) &&
         std::any_of(kRunFiles.begin(), kRunFiles.end(),
                     [&](const char* file) { return fs::exists(folder / file, ignored); });
}

bool is_checkpoint(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / kWeightsFile, ignored);
}

/// Whether a file here would be one of a run's or a checkpoint's own.
bool belongs_to_run(const fs::path& path) {
  std::error_code code;
  const fs::path folder = fs::weakly_canonical(fs::absolute(path).parent_path(), code);
  if (code) return false;  // then nothing can be written there either
  const fs::path name = path.filename();
  if (is_checkpoint(folder) && is_one_of(name, kCheckpointFiles)) return true;
  if (is_run(folder) && is_one_of(name, kRunFiles)) return true;
  for (fs::path part = folder / name; part != part.parent_path(); part = part.parent_path()) {
    if (is_one_of(part.filename(), kRunFolders) && is_run(part.parent_path())) return true;
  }
  return false;
}

/// `name` is that of the file in messages.
void require_not_of_run(const fs::path& path, const fs::path& name) {
  if (!belongs_to_run(path)) return;
  throw base::Error(base::concat(
      name.string(),
      ": found a place for files of a run or checkpoint, expected another for the results"));
}

}  // namespace

void require_no_input(const fs::path& path, const std::vector<fs::path>& inputs) {
  for (const fs::path& input : inputs) {
    std::error_code absent;
    if (!fs::equivalent(path, input == "-" ? "/dev/stdin" : input, absent)) continue;
    throw base::Error(base::concat(
        path.string(), ": found a file that this program reads, expected another for the results"));
  }
}

fs::path output_file(const fs::path& path, const std::vector<fs::path>& inputs) {
  fs::path file = base::writable_file(path);
  require_not_of_run(file, path);
  require_no_input(path, inputs);
  return file;
}

void require_output_files(const fs::path& folder, const std::vector<fs::path>& names,
                          const std::vector<fs::path>& inputs) {
  std::error_code code;
  const bool exists = fs::is_directory(folder, code);
  for (const fs::path& name : names) {
    const fs::path file = folder / name;
    require_not_of_run(file, file);
    if (!exists) continue;
    if (!fs::is_symlink(file, code)) base::writable_file(file);
    require_no_input(file, inputs);
  }
}

}  // namespace qkv::config
