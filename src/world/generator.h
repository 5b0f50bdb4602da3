#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "world/grammar.h"
#include "world/probe.h"

namespace qkv::world {

/// The labelled corpus: one document per line, the probes, and the geometry of words.
struct World {
  std::vector<std::string> train;
  std::vector<std::string> validation;
  std::vector<Probe> probes;
  base::Json geometry;  ///< the content of geometry.json, in the format of read_geometry
};

/// The world of a grammar and a seed, the same on every machine. No two of its lines are equal, and
/// no training or validation line joins two words that a probe joins. Throws Error with the
/// grammar's file and key.
World generate_world(const Grammar& grammar, std::uint64_t seed);

}  // namespace qkv::world
