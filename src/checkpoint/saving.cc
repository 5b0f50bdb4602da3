#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/llama.h"
#include "checkpoint/step_folder.h"
#include "checkpoint/trainer_file.h"
#include "config/run_files.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;
namespace {

using config::kConfigFile;
using config::kOptimizerFile;
using config::kTokenizerFile;
using config::kTrainerFile;
using config::kWeightsFile;

/// The config as written into a checkpoint, which people share: only the names of the files.
config::Config with_names_only(config::Config config) {
  for (auto* paths : {&config.data.train, &config.data.validation}) {
    for (fs::path& path : *paths) path = path.filename();
  }
  if (auto& path = config.tokenizer.path) path = path->filename();
  return config;
}

}  // namespace

void CheckpointFolder::save(const config::Config& config, const text::Tokenizer& tokenizer,
                            const std::vector<SavedArray>& weights,
                            const std::vector<SavedArray>& optimizer,
                            const TrainerState& state) const {
  base::make_folder(folder_, base::Error::Fault::kRun);
  const fs::path target = step_path(state.step);
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
    base::Json json = to_json(with_names_only(config));
    json.update(llama_keys(config.model, tokenizer.size()));
    base::write_new_file(temporary / kConfigFile, json.dump(2) + "\n");
    base::write_new_file(temporary / kTokenizerFile, tokenizer.bytes());
    write_safetensors(temporary / kWeightsFile, weights);
    write_safetensors(temporary / kOptimizerFile, optimizer);
    base::Json trainer = to_json(state);
    for (const char* file : {kConfigFile, kTokenizerFile, kWeightsFile, kOptimizerFile})
      trainer["files"][file] = base::sha256_file(temporary / file);
    base::write_new_file(temporary / kTrainerFile, trainer.dump(2) + "\n");
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
  base::sync_folder(folder_);
  if (traded) fs::remove_all(temporary, code);
}

}  // namespace qkv::checkpoint
