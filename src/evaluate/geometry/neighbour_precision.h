#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "evaluate/geometry/shares.h"
#include "inspect/vectors/neighbours.h"

namespace qkv::evaluate {

/// Words that belong together, as pieces of a tokenizer.
struct PieceCluster {
  std::string name;
  std::vector<std::int32_t> pieces;
};

/// How many of a word's k nearest neighbours are in its own cluster (precision at k). k is 3, or
/// the number of other words in a smaller cluster. A single word can be a neighbour, but has no
/// precision of its own.
struct NeighbourScore {
  struct Cluster {
    std::string name;
    std::size_t words = 0;
    std::size_t k = 0;
    Shares precision;  ///< mean over its words; 0 if k is 0
    /// A word, and one of its k nearest neighbours that is in another cluster.
    std::vector<std::pair<std::string, std::string>> strangers;
  };

  std::size_t words = 0;  ///< the number of words with a precision
  Shares precision;       ///< their mean; NaN if there are none, like the next
  Shares guessing;        ///< the mean share of words that are in the same cluster
  std::vector<Cluster> clusters;
};

/// Neighbours are searched among the words of all clusters, and among all learned pieces. No piece
/// appears twice. Throws Error if a piece is not in the space.
NeighbourScore neighbour_precision(const inspect::EmbeddingSpace& space,
                                   const std::vector<PieceCluster>& clusters,
                                   const text::Tokenizer& tokenizer);

}  // namespace qkv::evaluate
