#pragma once

#include <string>
#include <vector>

#include "inspect/ablation/part.h"
#include "inspect/analysis.h"
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

/// The head with the edge whose removal there alone costs the prediction most; the first one if
/// none costs anything.
HeadPlace costliest_head(const EdgeEffects& effects);

/// Shows progress. No result depends on the number of threads. Throws Error if the model has no
/// attention, or is masked and the text does not hold exactly one mask.
EdgeMap edge_map(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                 int threads);

/// edges.json (docs/taps.md). Equal input gives equal bytes.
std::string edges_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       const EdgeMap& map);

/// --edges: edges.json; in each format of pictures, edges (the attention of the costliest head
/// next to the causal map) and edges-heads (the causal map of each head). There is too much to
/// print.
class EdgeAnalysis : public Analysis {
 public:
  std::string name() const override { return "edges"; }
  std::vector<std::string> pictures() const override { return {"edges", "edges-heads"}; }
  bool prints() const override { return false; }
  void require_possible(const checkpoint::Checkpoint& checkpoint, const Passage& passage,
                        bool draws) const override;
  double bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
               int threads) const override;
  Finding find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
               int threads) const override;
};

}  // namespace qkv::inspect
