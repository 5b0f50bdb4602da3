#pragma once

#include <memory>
#include <string>

#include "checkpoint/checkpoint.h"

namespace qkv::evaluate {

/// The model at the beginning of a checkpoint's run.
struct RunStart {
  std::shared_ptr<const engine::Model> model;
  std::string checkpoint;  ///< empty: fresh weights from the config's seed
};

/// The checkpoint step-0000000 in the same folder, or fresh weights if there is none with this
/// tokenizer and model. Throws Error as open_checkpoint does.
RunStart run_start(const checkpoint::Checkpoint& checkpoint);

/// A model with fresh weights from the seed of the checkpoint's config.
std::shared_ptr<const engine::Model> fresh_model(const checkpoint::Checkpoint& checkpoint);

}  // namespace qkv::evaluate
