#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "inspect/artefacts.h"
#include "inspect/edges.h"
#include "inspect/inspection.h"

namespace qkv::inspect {

/// A text's causal map: what each edge of attention does for what the model predicts there, the
/// likeliest piece after the text, or in the place of its one mask.
struct EdgeMap {
  Target target;
  double probability = 0;
  EdgeEffects effects;
};

/// Shows progress. Throws Error where the model has no attention, or is masked and the text holds
/// not exactly one mask.
EdgeMap edge_map(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                 const model::Runtime& runtime);

/// edges.json (docs/taps.md). Equal input gives equal bytes.
std::string edges_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       const EdgeMap& map);

/// Writes, in each format of pictures, edges: the mean of all attention maps beside the causal map,
/// and edges-heads: the causal map of each head; and edges.json where JSON is asked for. Adds the
/// files to `files`. Throws Error where one cannot be written.
void write_edges(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                 const EdgeMap& map, const std::vector<Artefact>& formats,
                 const std::filesystem::path& folder, std::vector<std::filesystem::path>& files);

}  // namespace qkv::inspect
