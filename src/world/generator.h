#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "world/grammar.h"
#include "world/probe.h"

namespace qkv::world {

/// The labelled corpus: a document a line, the probes, and what the places of words are asked.
struct World {
  std::vector<std::string> train;
  std::vector<std::string> validation;
  std::vector<Probe> probes;
  base::Json geometry;  ///< what geometry.json holds, which read_geometry reads
};

/// The world that a grammar and a seed make, the same on every machine. No two of its lines are
/// equal, and what a probe joins, no training or validation line joins. Throws Error with the
/// grammar's file and key.
World generate_world(const Grammar& grammar, std::uint64_t seed);

/// Writes train.txt, validation.txt, probes.jsonl and geometry.json into `folder`.
void write_world(const World& world, const std::filesystem::path& folder);

}  // namespace qkv::world
