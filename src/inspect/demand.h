#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspect/analysis.h"

namespace qkv::inspect {

/// What to do with a text.
struct Demand {
  HeadChoice choice = {};
  std::vector<Artefact> formats = {};  ///< the files to write; none: findings are only printed
  Analyses analyses = {};              ///< what else to ask
};

/// The most bytes that the inspection of a text of this many tokens takes, in addition to the
/// checkpoint. `threads` draw and analyse. As a double: nothing overflows.
double estimate_memory(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
                       const Demand& demand, int threads);

/// Called before anything is computed. Throws Error if the model has no such layer or head, or no
/// attention to draw, if a picture would be too large, or if the inspection does not fit into the
/// memory of the machine. `name` is the name of the text in messages.
void require_possible(const checkpoint::Checkpoint& checkpoint, const Passage& passage,
                      const std::string& name, const Demand& demand, int threads);

}  // namespace qkv::inspect
