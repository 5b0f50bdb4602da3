#include "checkpoint/checkpoint.h"

#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "checkpoint/llama.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/stored_arrays.h"
#include "checkpoint/trainer_file.h"
#include "config/run_files.h"
#include "engine/model.h"
#include "spec/weights.h"

namespace qkv::checkpoint {
namespace fs = std::filesystem;
namespace {

using config::kConfigFile;
using config::kTokenizerFile;
using config::kWeightsFile;

config::Config parse_checkpoint_config(const fs::path& folder, const std::string& text) {
  const std::string name = (folder / kConfigFile).string();
  return config::parse_config(base::parse_json(text, name), name, folder, llama_key_names());
}

/// The run's folder, if the checkpoint is in one.
std::optional<fs::path> run_of(const fs::path& checkpoint) {
  std::error_code code;
  const fs::path checkpoints = fs::canonical(checkpoint, code).parent_path();
  if (code || checkpoints.filename() != config::kCheckpointsFolder) return std::nullopt;
  return checkpoints.parent_path();
}

/// Takes the paths of the named files from the config.json of the run that contains a checkpoint.
void find_files(config::Config& config, const fs::path& checkpoint) {
  const auto run = run_of(checkpoint);
  std::error_code ignored;
  if (!run || !fs::is_regular_file(*run / kConfigFile, ignored)) return;
  try {
    const config::Config around =
        config::parse_config(base::read_json(*run / kConfigFile), kConfigFile, *run);
    config.data.train = around.data.train;
    config.data.validation = around.data.validation;
    config.tokenizer.path = around.tokenizer.path;
  } catch (const base::Error&) {
    return;  // the checkpoint can be opened without it
  }
}

Checkpoint open_folder(const fs::path& folder) {
  const base::Json trainer = read_trainer(folder);

  const std::string config_text = base::read_file(folder / kConfigFile, base::file_limit::kJson);
  std::string config_hash = base::sha256(config_text);
  require_undamaged(folder / kConfigFile, config_hash, trainer);
  config::Config config = parse_checkpoint_config(folder, config_text);
  TrainerState state = state_from(trainer, folder, config);
  find_files(config, folder);

  std::string tokenizer_bytes =
      base::read_file(folder / kTokenizerFile, base::file_limit::kTokenizer);
  require_undamaged(folder / kTokenizerFile, base::sha256(tokenizer_bytes), trainer);
  text::Tokenizer tokenizer = text::Tokenizer::from_bytes(
      std::move(tokenizer_bytes), config.tokenizer.kind, (folder / kTokenizerFile).string());
  config::check_model(config.model, (folder / kConfigFile).string(), tokenizer.size());

  const fs::path weights = folder / kWeightsFile;
  // The time for hashing a file grows with its size, which this config limits.
  const base::InputFile file(
      weights, largest_safetensors(spec::count_parameters(config.model, tokenizer.size())));
  std::string weights_hash = base::sha256_file(file);
  base::NamedArrays arrays = read_safetensors(file);
  require_undamaged(weights, weights_hash, trainer);
  require_finite(arrays, weights.string());
  // Before the model takes memory of the config's size.
  std::vector<base::Array> ordered = in_order(
      std::move(arrays), spec::WeightList(config.model, tokenizer.size()), weights.string());
  auto model =
      std::make_shared<const engine::Model>(config.model, tokenizer.size(), std::move(ordered));
  return {.path = folder,
          .config = std::move(config),
          .tokenizer = std::move(tokenizer),
          .model = std::move(model),
          .state = std::move(state),
          .config_hash = std::move(config_hash),
          .weights_hash = std::move(weights_hash)};
}

/// The folder with all links resolved; empty if it no longer exists.
fs::path true_place(const fs::path& folder) {
  std::error_code code;
  return fs::canonical(folder, code);
}

/// Whether `path` now selects another folder than `place`, which a running training may have
/// removed.
bool has_moved_on(const fs::path& path, const fs::path& place) {
  try {
    const fs::path now = true_place(find_checkpoint(path));
    return now.empty() || now != place;
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

config::Config checkpoint_config(const fs::path& checkpoint) {
  return parse_checkpoint_config(
      checkpoint, base::read_file(checkpoint / kConfigFile, base::file_limit::kJson));
}

Checkpoint open_checkpoint(const fs::path& path) {
  using Clock = std::chrono::steady_clock;
  const auto latest = Clock::now() + std::chrono::seconds(10);
  while (true) {
    const fs::path folder = find_checkpoint(path);
    const fs::path place = true_place(folder);
    try {
      return open_folder(folder);
    } catch (const std::runtime_error&) {  // also of the file system
      if (Clock::now() > latest || !has_moved_on(path, place)) throw;
    }
  }
}

}  // namespace qkv::checkpoint
