#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "evaluate/shares.h"
#include "inspect/neighbours.h"

namespace qkv::evaluate {

/// Words that belong together, as pieces of a tokenizer.
struct PieceCluster {
  std::string name;
  std::vector<std::int32_t> pieces;
};

/// How many of a word's k nearest neighbours are of its own cluster (precision at k). k is 3, or
/// all the others of a smaller cluster; a word without others is a neighbour but not asked.
struct NeighbourScore {
  struct Cluster {
    std::string name;
    std::size_t words = 0;
    std::size_t k = 0;
    Shares precision;  ///< mean over its words; 0 where k is
    /// A word and a neighbour of another cluster among its k nearest.
    std::vector<std::pair<std::string, std::string>> strangers;
  };

  std::size_t words = 0;  ///< how many are asked
  Shares precision;       ///< mean over these; NaN where there are none, as the next
  Shares guessing;        ///< the mean share of words that are of the own cluster
  std::vector<Cluster> clusters;
};

/// Neighbours are sought among the words of all clusters, and among all learned pieces. No piece
/// stands twice. Throws Error where a piece is none of the space's.
NeighbourScore neighbour_precision(const inspect::EmbeddingSpace& space,
                                   const std::vector<PieceCluster>& clusters,
                                   const text::Tokenizer& tokenizer);

}  // namespace qkv::evaluate
