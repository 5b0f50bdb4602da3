#pragma once

#include <string>

#include "checkpoint/checkpoint.h"
#include "text/corpus/token_file.h"

namespace qkv::checkpoint {

/// The validation text of a run.
struct ValidationText {
  text::TokenFile tokens;
  std::string name;    ///< its files
  std::string sha256;  ///< of the text
};

/// The validation text of the checkpoint's run, as ids of its tokenizer. Warns if it has changed
/// since the run was trained. Throws Error if there is none; `otherwise` says what else would do:
/// "--data FILE".
ValidationText validation_text(const Checkpoint& checkpoint, const std::string& otherwise);

}  // namespace qkv::checkpoint
