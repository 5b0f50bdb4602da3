#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "world/geometry_file.h"
#include "world/grammar.h"
#include "world/probe.h"

namespace qkv {

/// The labelled corpus: a document a line, the probes, and words in each of their senses.
struct World {
  std::vector<std::string> train;
  std::vector<std::string> validation;
  std::vector<Probe> probes;
  std::vector<SenseSentence> senses;
};

/// The world that a grammar and a seed make, the same on every machine. No two of its lines are
/// equal, and what a probe joins, no training or validation line joins. Throws Error.
World generate_world(const Grammar& grammar, std::uint64_t seed);

/// Writes train.txt, validation.txt, probes.jsonl and geometry.json into `folder`.
void write_world(const World& world, const Grammar& grammar, const std::filesystem::path& folder);

}  // namespace qkv
