#include "world/world_files.h"

#include <string>

#include "base/error.h"
#include "base/file_set.h"
#include "base/files.h"
#include "base/format.h"
#include "world/probe.h"

namespace qkv::world {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrain = "train.txt";
constexpr const char* kValidation = "validation.txt";
constexpr const char* kProbes = "probes.jsonl";
constexpr const char* kGeometry = "geometry.json";

std::string lines(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += text + '\n';
  return out;
}

}  // namespace

const std::vector<fs::path>& world_files() {
  static const std::vector<fs::path> names = {kTrain, kValidation, kProbes, kGeometry};
  return names;
}

void require_no_other_files(const fs::path& folder) {
  const fs::path* there = nullptr;
  const fs::path* missing = nullptr;
  for (const fs::path& name : world_files())
    (fs::exists(fs::symlink_status(folder / name)) ? there : missing) = &name;
  if (there == nullptr || missing == nullptr) return;
  throw base::Error(base::concat((folder / *there).string(), ": found this file without ",
                                 missing->string(), ", so it may not be of a world; expected all ",
                                 world_files().size(), " files of a world or none of them"));
}

void write_world(const World& world, const fs::path& folder) {
  base::make_folder(folder);
  require_no_other_files(folder);
  base::FileSet files;
  files.add(folder / kTrain, lines(world.train));
  files.add(folder / kValidation, lines(world.validation));
  files.add(folder / kProbes, to_lines(world.probes));
  files.add(folder / kGeometry, world.geometry.dump(1) + '\n');
  files.replace();
}

}  // namespace qkv::world
