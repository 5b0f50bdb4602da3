#pragma once

#include <string>
#include <vector>

#include "spec/model.h"

namespace qkv::inspect {

/// The depths of the residual stream: "embedding" (the input of layer 0: the position is added),
/// then "layers.L.middle" and "layers.L.output" of each layer; "final" in place of the last layer's
/// output. A recurrent layer has no middle.
std::vector<std::string> depth_names(const spec::ModelConfig& model);

/// The tap that has the vectors of a depth, [tokens, width] (docs/taps.md).
std::string depth_tap(const std::string& depth, const spec::ModelConfig& model);

/// The name of a depth or of a part of the model in words: "layers.0.middle" → "layer 0, after
/// attention", "layers.0.heads.1" → "layer 0, head 1", "layers.0.feed_forward" → "layer 0,
/// feed-forward".
std::string readable_place(const std::string& name, bool recurrent = false);

}  // namespace qkv::inspect
