#pragma once

#include <string>

#include "base/json.h"
#include "evaluate/geometry.h"

namespace qkv::evaluate {

/// Tables of what the vectors of words show, at the checkpoint and at the start of its run, beside
/// what guessing gives, each with a legend; at most 100 columns for names of common
/// length.
std::string geometry_text(const GeometryScore& score);

/// The same numbers and more (docs/world.md). Shares are from 0 to 1; null where nothing was there
/// to be measured.
base::Json geometry_json(const GeometryScore& score);

/// What a depth is called: "embedding", "layer 0", …
std::string depth_name(std::size_t depth);

}  // namespace qkv::evaluate
