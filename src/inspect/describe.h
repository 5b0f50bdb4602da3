#pragma once

#include <string>

#include "base/json.h"
#include "inspect/inspection.h"

namespace qkv::inspect {

/// The beginning of a JSON artefact: `{` and its keys checkpoint, text and tokens (docs/taps.md). A
/// comma and further keys follow.
std::string describe_source(const checkpoint::Checkpoint& checkpoint, const Passage& passage);

/// Appends [query][key] numbers, one query per line after `indent`, without the outer brackets.
/// Each is the shortest decimal that reads back as the same float32.
void append_rows(const AttentionMap& map, const std::string& indent, std::string& out);

}  // namespace qkv::inspect
