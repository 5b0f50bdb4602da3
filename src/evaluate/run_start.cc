#include "evaluate/run_start.h"

#include <utility>

#include "engine/model.h"
#include "spec/initial_weights.h"

namespace qkv::evaluate {

RunStart run_start(const checkpoint::Checkpoint& checkpoint) {
  const spec::ModelConfig& config = checkpoint.config.model;
  const std::filesystem::path first = checkpoint.path.parent_path() / "step-0000000";
  if (std::filesystem::exists(first / "model.safetensors") &&
      checkpoint::checkpoint_config(first).model == config) {
    checkpoint::Checkpoint start = checkpoint::open_checkpoint(first);
    if (start.tokenizer.hash() == checkpoint.tokenizer.hash())
      return {.model = std::move(start.model), .checkpoint = checkpoint::checkpoint_name(first)};
  }
  return {.model = fresh_model(checkpoint), .checkpoint = {}};
}

std::shared_ptr<const engine::Model> fresh_model(const checkpoint::Checkpoint& checkpoint) {
  const std::int64_t vocabulary = checkpoint.tokenizer.size();
  const spec::ModelConfig& config = checkpoint.config.model;
  return std::make_shared<const engine::Model>(
      config, vocabulary,
      spec::initial_weights(spec::WeightList(config, vocabulary), checkpoint.config.seed));
}

}  // namespace qkv::evaluate
