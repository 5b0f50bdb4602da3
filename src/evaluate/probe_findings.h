#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "evaluate/contrast.h"
#include "evaluate/probe_heads.h"

namespace qkv {

/// Whether attention shows where a family's answers come from, whether cutting it there changes
/// them, and which heads it takes. What is chosen (a head, a layer, an offset, a word) is chosen on
/// the probes of even places and reported on the others; what is not chosen, on all. Heads stand
/// layer by layer.
struct FamilyFindings {
  /// The best of some ways of looking.
  struct Best {
    std::size_t way = 0;
    Share share;
    std::vector<double> all;  ///< the share of every way, on the same probes as that of the best
  };
  /// The findings of the probes at some distance.
  struct Band {
    std::size_t least = 0;
    Share attention;  ///< of the family's best head
    Share edges;
  };

  std::string family;
  std::size_t measured = 0;  ///< probes with a query, a truth and a distractor that the model reads
  Best attention;            ///< of a head's weights
  Share rollout;
  Share edges;  ///< cut in all heads of all layers
  Best edge_layer;
  Best edge_head;
  double untrained_accuracy = 0;
  Best untrained_attention;
  Share untrained_edges;
  Best offset;
  std::int64_t offset_tokens = 0;  ///< how far back the best offset looks
  Best word;
  std::string word_piece;
  HeadCosts heads;
  std::vector<Band> bands;
};

/// The findings of every family.
struct Findings {
  ModelConfig model;
  std::vector<FamilyFindings> families;
};

/// The findings of the families of `scores`, which are those of evaluate_probes, in their order.
/// A family without a measurable probe has only `heads` and `untrained_accuracy`. Shows progress.
/// Throws Error where a text does not fit the context. REQUIRES a model with attention.
Findings find_attention(const Checkpoint& checkpoint, const std::vector<Probe>& probes,
                        const std::vector<FamilyScore>& scores, const Runtime& runtime);

}  // namespace qkv
