#pragma once

#include <string>
#include <vector>

#include "evaluate/geometry/analogies.h"
#include "evaluate/geometry/neighbour_precision.h"
#include "evaluate/geometry/senses.h"
#include "world/geometry_file.h"

namespace qkv::evaluate {

/// The results for one embedding table; cosines are those of EmbeddingSpace.
struct EmbeddingScore {
  NeighbourScore neighbours;
  /// The clustered words, grouped by average linkage on 1 − cosine into as many groups as there are
  /// clusters.
  std::vector<std::vector<std::string>> groups;
  double purity = 0;         ///< NaN without clusters, like the next
  double chance_purity = 0;  ///< of groups with these sizes
  AnalogyScore analogies;
};

/// A geometry file's results for a checkpoint and for the start of its run.
struct GeometryScore {
  std::size_t words = 0;             ///< words of the clusters and analogies that are one piece
  std::vector<std::string> skipped;  ///< words that are not
  std::vector<std::array<std::string, 4>> analogies;  ///< used
  std::size_t skipped_analogies = 0;
  std::string start_checkpoint;  ///< empty: fresh weights from the config's seed
  EmbeddingScore now;
  EmbeddingScore start;
  std::vector<WordSenses> senses;  ///< empty: the file has none
  std::vector<WordSenses> start_senses;
};

/// Throws Error if no listed word is a piece, a sentence does not fit the context, or a value is
/// not a number.
GeometryScore evaluate_geometry(const checkpoint::Checkpoint& checkpoint,
                                const world::Geometry& geometry, int threads);

}  // namespace qkv::evaluate
