#include "evaluate/geometry/geometry.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "evaluate/geometry/linkage.h"
#include "evaluate/geometry/purity.h"
#include "evaluate/run_start.h"
#include "inspect/vocabulary.h"

namespace qkv::evaluate {
namespace {

/// The words of a geometry file as pieces of a tokenizer.
class ListedPieces {
 public:
  ListedPieces(const world::Geometry& geometry, const text::Tokenizer& tokenizer)
      : tokenizer_(tokenizer) {
    for (const world::WordCluster& cluster : geometry.clusters) add_cluster(cluster);
    for (const auto& analogy : geometry.analogies) add_analogy(analogy);
    if (listed_.empty() && !skipped_.empty()) {
      throw base::Error(
          base::concat(geometry.where, ": found ", skipped_.size(), " words, e.g. ",
                       base::quoted(skipped_.front()),
                       ", none of which is one piece of this tokenizer; expected at least one"));
    }
  }

  /// Moves what the report needs.
  void tell(GeometryScore& score) && {
    score.words = listed_.size();
    score.skipped = std::move(skipped_);
    score.analogies = std::move(told_);
    score.skipped_analogies = skipped_analogies_;
  }

  EmbeddingScore measure(const engine::Model& model) const {
    const inspect::EmbeddingSpace space(model.embedding(), tokenizer_);
    EmbeddingScore out{.neighbours = neighbour_precision(space, clusters_, tokenizer_),
                       .groups = {},
                       .purity = std::numeric_limits<double>::quiet_NaN(),
                       .chance_purity = std::numeric_limits<double>::quiet_NaN(),
                       .analogies = score_analogies(space, analogies_, listed_, tokenizer_)};
    if (!clusters_.empty()) group(space, out);
    return out;
  }

 private:
  std::optional<std::int32_t> add(const std::string& word) {
    const std::optional<std::int32_t> piece = inspect::piece_in_line(tokenizer_, word);
    if (piece) {
      listed_.insert(*piece);
    } else if (std::find(skipped_.begin(), skipped_.end(), word) == skipped_.end()) {
      skipped_.push_back(word);
    }
    return piece;
  }

  void add_cluster(const world::WordCluster& cluster) {
    PieceCluster out{.name = cluster.name, .pieces = {}};
    for (const std::string& word : cluster.words) {
      if (const auto piece = add(word)) out.pieces.push_back(*piece);
    }
    if (!out.pieces.empty()) clusters_.push_back(std::move(out));
  }

  void add_analogy(const std::array<std::string, 4>& analogy) {
    PieceAnalogy out{};
    bool is_whole = true;
    for (std::size_t place = 0; place < analogy.size(); ++place) {
      const auto piece = add(analogy[place]);
      is_whole = is_whole && piece;
      out[place] = piece.value_or(0);
    }
    if (is_whole) {
      analogies_.push_back(out);
      told_.push_back(analogy);
    } else {
      ++skipped_analogies_;
    }
  }

  void group(const inspect::EmbeddingSpace& space, EmbeddingScore& out) const {
    std::vector<std::int32_t> pieces;
    std::vector<std::size_t> classes;
    for (std::size_t index = 0; index < clusters_.size(); ++index) {
      for (const std::int32_t piece : clusters_[index].pieces) {
        pieces.push_back(piece);
        classes.push_back(index);
      }
    }
    std::vector<std::vector<double>> distances = space.cosines(pieces);
    for (std::vector<double>& row : distances) {
      for (double& cosine : row) cosine = 1 - cosine;
    }
    const std::vector<std::size_t> groups = average_linkage(std::move(distances), clusters_.size());
    out.purity = purity(groups, classes);
    out.chance_purity = chance_purity(groups, classes);
    out.groups.resize(*std::max_element(groups.begin(), groups.end()) + 1);
    for (std::size_t word = 0; word < pieces.size(); ++word)
      out.groups[groups[word]].push_back(inspect::piece_word(tokenizer_, pieces[word]));
  }

  const text::Tokenizer& tokenizer_;
  std::set<std::int32_t> listed_;
  std::vector<PieceCluster> clusters_;
  std::vector<PieceAnalogy> analogies_;
  std::vector<std::array<std::string, 4>> told_;  ///< these analogies as words
  std::vector<std::string> skipped_;
  std::size_t skipped_analogies_ = 0;
};

}  // namespace

GeometryScore evaluate_geometry(const checkpoint::Checkpoint& checkpoint,
                                const world::Geometry& geometry, int threads) {
  ListedPieces listed(geometry, checkpoint.tokenizer);
  const AskedSenses senses(geometry.senses, geometry.where, checkpoint);
  const RunStart start = run_start(checkpoint);
  GeometryScore score;
  score.start_checkpoint = start.checkpoint;
  score.now = listed.measure(*checkpoint.model);
  score.start = listed.measure(*start.model);
  score.senses = senses.measure(*checkpoint.model, threads, "senses");
  score.start_senses = senses.measure(*start.model, threads, "senses at the start");
  std::move(listed).tell(score);
  return score;
}

}  // namespace qkv::evaluate
