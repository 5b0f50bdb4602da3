#pragma once

#include <string>

#include "base/json.h"
#include "base/span.h"

namespace qkv::world {

/// The bytes of `text` that {"begin", "end"} selects. Throws Error, naming `where`, unless they are
/// one or more whole characters.
base::Span read_span(const base::Json& json, const std::string& text, const std::string& where);

}  // namespace qkv::world
