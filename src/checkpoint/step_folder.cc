#include "checkpoint/step_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "checkpoint/step_link.h"
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

void replace_step(const fs::path& target,
                  const std::function<void(const fs::path& temporary)>& write) {
  base::make_folder(target.parent_path(), base::Error::Fault::kRun);
  const fs::path temporary = base::temporary_name(target);
  std::error_code code;
  if (fs::symlink_status(target, code).type() != fs::file_type::not_found) {
    if (const auto foreign = foreign_in_step(target)) {
      throw base::Error(base::concat(foreign->string(), ": found in the place of a checkpoint, ",
                                     "expected nothing that qkv did not write"),
                        base::Error::Fault::kRun);
    }
  }
  try {
    base::make_folder(temporary, base::Error::Fault::kRun);
    write(temporary);
    base::sync_folder(temporary);
  } catch (...) {
    fs::remove_all(temporary, code);
    throw;
  }
  // If the step was saved before, the two folders are exchanged in one step, so that one always
  // exists.
  const bool traded =
      ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0;
  if (!traded) {  // nothing there, or a file system that cannot exchange
    fs::remove_all(target, code);
    fs::rename(temporary, target, code);
  }
  if (code) {
    const std::string why = code.message();
    fs::remove_all(temporary, code);
    throw base::Error(base::concat(target.string(), ": cannot be put in place: ", why),
                      base::Error::Fault::kRun);
  }
  base::sync_folder(target.parent_path());
  if (traded) fs::remove_all(temporary, code);
}

bool is_step_leftover(const fs::path& path) {
  const auto name = base::named_by_temporary(path);
  return name && is_step_name(*name);
}

}  // namespace qkv::checkpoint
