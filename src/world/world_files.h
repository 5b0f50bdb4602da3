#pragma once

#include <filesystem>
#include <vector>

#include "world/generator.h"

namespace qkv::world {

/// The names of the four files of a world: train.txt, validation.txt, probes.jsonl, geometry.json.
const std::vector<std::filesystem::path>& world_files();

/// Throws Error if `folder` holds some of these files, but not all: then they are no world, and
/// somebody else's text may be among them.
void require_no_other_files(const std::filesystem::path& folder);

/// Writes the files into `folder`, where they replace those of another world: all of them, or, if
/// one cannot be written, none. Throws Error as require_no_other_files does.
void write_world(const World& world, const std::filesystem::path& folder);

}  // namespace qkv::world
