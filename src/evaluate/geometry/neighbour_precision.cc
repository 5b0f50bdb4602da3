#include "evaluate/geometry/neighbour_precision.h"

#include <algorithm>
#include <map>

#include "inspect/vocabulary.h"

namespace qkv::evaluate {
namespace {

constexpr std::size_t kNeighbours = 3;

using ClusterOf = std::map<std::int32_t, std::size_t>;

/// How many words of a cluster of `own` words a random choice among `all` finds.
double by_chance(std::size_t own, std::size_t all) {
  return static_cast<double>(own - 1) / static_cast<double>(all - 1);
}

/// The share of words from the same cluster among its neighbours; the others are added to
/// `strangers`.
Shares ask(const inspect::EmbeddingSpace& space, std::int32_t word, std::size_t own,
           const ClusterOf& cluster_of, const text::Tokenizer& tokenizer,
           NeighbourScore::Cluster& cluster) {
  std::size_t listed = 0;
  std::size_t right = 0;
  std::size_t right_of_all = 0;
  const std::vector<inspect::Neighbour> nearest = space.neighbours(word, space.size());
  for (std::size_t place = 0; place < nearest.size() && listed < cluster.k; ++place) {
    const auto found = cluster_of.find(nearest[place].id);
    const bool is_own = found != cluster_of.end() && found->second == own;
    if (place < cluster.k && is_own) ++right_of_all;
    if (found == cluster_of.end()) continue;
    ++listed;
    if (is_own) {
      ++right;
    } else {
      cluster.strangers.emplace_back(inspect::piece_word(tokenizer, word),
                                     inspect::piece_word(tokenizer, nearest[place].id));
    }
  }
  const auto k = static_cast<double>(cluster.k);
  return {.listed = static_cast<double>(right) / k, .all = static_cast<double>(right_of_all) / k};
}

}  // namespace

NeighbourScore neighbour_precision(const inspect::EmbeddingSpace& space,
                                   const std::vector<PieceCluster>& clusters,
                                   const text::Tokenizer& tokenizer) {
  ClusterOf cluster_of;
  for (std::size_t index = 0; index < clusters.size(); ++index) {
    for (const std::int32_t piece : clusters[index].pieces) cluster_of.emplace(piece, index);
  }
  NeighbourScore score;
  Shares right;
  Shares chance;
  for (std::size_t index = 0; index < clusters.size(); ++index) {
    const std::vector<std::int32_t>& pieces = clusters[index].pieces;
    NeighbourScore::Cluster& cluster = score.clusters.emplace_back();
    cluster.name = clusters[index].name;
    cluster.words = pieces.size();
    if (pieces.size() < 2) continue;
    cluster.k = std::min(kNeighbours, pieces.size() - 1);
    Shares own;
    for (const std::int32_t piece : pieces) {
      const Shares one = ask(space, piece, index, cluster_of, tokenizer, cluster);
      own.listed += one.listed;
      own.all += one.all;
    }
    const auto words = static_cast<double>(pieces.size());
    cluster.precision = {.listed = own.listed / words, .all = own.all / words};
    score.words += pieces.size();
    right.listed += own.listed;
    right.all += own.all;
    chance.listed += words * by_chance(pieces.size(), cluster_of.size());
    chance.all += words * by_chance(pieces.size(), space.size());
  }
  const auto words = static_cast<double>(score.words);
  score.precision = {.listed = right.listed / words, .all = right.all / words};
  score.guessing = {.listed = chance.listed / words, .all = chance.all / words};
  return score;
}

}  // namespace qkv::evaluate
