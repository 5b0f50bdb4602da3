#pragma once

#include <string>

#include "checkpoint/checkpoint.h"
#include "text/corpus/token_file.h"

namespace qkv::evaluate {

/// The validation text of a run.
struct JudgedText {
  std::string name;    ///< its files
  std::string sha256;  ///< of the text
};

struct Validation {
  text::TokenFile tokens;
  JudgedText text;
};

/// The validation text of the run of a checkpoint. Warns if it has changed since the run was
/// trained. Throws Error if there is none.
Validation validation_of(const checkpoint::Checkpoint& checkpoint);

}  // namespace qkv::evaluate
