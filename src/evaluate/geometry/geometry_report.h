#pragma once

#include <string>

#include "base/json.h"
#include "evaluate/geometry/geometry.h"

namespace qkv::evaluate {

/// Tables of the geometry of words at the checkpoint and at the start of its run, next to chance,
/// each with a legend; at most 100 columns if names have a usual length.
std::string geometry_text(const GeometryScore& score);

/// The same numbers and more (docs/world.md). Shares are from 0 to 1; null if nothing could be
/// measured.
base::Json geometry_json(const GeometryScore& score);

/// The name of a depth: "embedding", "layer 0", …
std::string depth_name(std::size_t depth);

}  // namespace qkv::evaluate
