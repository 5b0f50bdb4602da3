#include "base/files.h"
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
  replace_step(step_path(state.step), [&](const fs::path& temporary) {
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
  });
}

}  // namespace qkv::checkpoint
