#include "evaluate/run_start.h"

#include <utility>

namespace qkv::evaluate {

RunStart run_start(const checkpoint::Checkpoint& checkpoint, const model::Runtime& runtime) {
  const spec::ModelConfig& config = checkpoint.config.model;
  const std::filesystem::path first = checkpoint.path.parent_path() / "step-0000000";
  if (std::filesystem::exists(first / "model.safetensors")) {
    checkpoint::Checkpoint start = checkpoint::open_checkpoint(first, runtime);
    if (start.tokenizer.hash() == checkpoint.tokenizer.hash() &&
        start.config.model.layers == config.layers) {
      return {.model = std::move(start.model), .checkpoint = checkpoint::checkpoint_name(first)};
    }
  }
  return {.model = model::make_model(config, checkpoint.tokenizer.size(), checkpoint.config.seed,
                                     checkpoint.model->parameters().options()),
          .checkpoint = {}};
}

}  // namespace qkv::evaluate
