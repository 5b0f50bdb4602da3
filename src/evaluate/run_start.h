#pragma once

#include <memory>
#include <string>

#include "checkpoint/checkpoint.h"

namespace qkv::evaluate {

/// The model that a checkpoint's run began with.
struct RunStart {
  std::unique_ptr<const model::Model> model;
  std::string checkpoint;  ///< empty: fresh weights from the config's seed
};

/// The checkpoint step-0000000 beside this one; fresh weights where there is none of this tokenizer
/// and shape. Throws Error as open_checkpoint.
RunStart run_start(const checkpoint::Checkpoint& checkpoint, const model::Runtime& runtime);

}  // namespace qkv::evaluate
