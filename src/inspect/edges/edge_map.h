#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "inspect/artefacts/artefacts.h"
#include "inspect/edges/edges.h"
#include "inspect/inspection.h"

namespace qkv::inspect {

/// A text's causal map: the effect of each edge of attention on the model's prediction, which is
/// the most probable piece after the text or in place of its only mask.
struct EdgeMap {
  predict::Target target;
  double probability = 0;
  EdgeEffects effects;
};

/// Shows progress. No result depends on the number of threads. Throws Error if the model has no
/// attention, or is masked and the text does not hold exactly one mask.
EdgeMap edge_map(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                 int threads);

/// edges.json (docs/taps.md). Equal input gives equal bytes.
std::string edges_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       const EdgeMap& map);

/// The names of the files that write_edges writes.
std::vector<std::filesystem::path> edge_names(const std::vector<Artefact>& formats);

/// Writes, in each format of pictures, edges (the mean of all attention maps next to the causal
/// map) and edges-heads (the causal map of each head); and edges.json if JSON is requested. Adds
/// the files to `files`. Throws Error if one cannot be written.
void write_edges(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                 const EdgeMap& map, const std::vector<Artefact>& formats,
                 const std::filesystem::path& folder, std::vector<std::filesystem::path>& files);

}  // namespace qkv::inspect
