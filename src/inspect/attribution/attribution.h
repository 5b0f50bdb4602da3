#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model.h"
#include "inspect/recorder.h"

namespace qkv::inspect {

/// What one part of a model adds to a difference of logits.
struct Attributed {
  std::string name;
  double value = 0;  ///< a logit, so in nats
};

/// Which parts of a Transformer write the answer: logit(a) − logit(b) at one token as a sum of what
/// each part adds (direct logit attribution; Elhage et al. 2021, Wang et al. 2022). The residual
/// stream is a sum of vectors, and with the scale of the last norm held at its value in this pass,
/// what follows is linear.
struct Attribution {
  double difference = 0;  ///< logit(a) − logit(b) of the pass
  /// "embedding", "position" if one is added, "layers.L.heads.H", "layers.L.feed_forward" (with its
  /// bias), "bias" (those of attention's outputs and of the last norm) if there is one. They add up
  /// to the difference, except for rounding.
  std::vector<Attributed> parts;
};

/// `taps` are those of the model's pass. REQUIRES a Transformer, and a token and pieces that exist.
Attribution attribute(const engine::Model& model, const Recorder& taps, std::int64_t token,
                      std::int32_t a, std::int32_t b);

}  // namespace qkv::inspect
