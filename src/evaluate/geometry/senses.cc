#include "evaluate/geometry/senses.h"

#include <Eigen/Core>
#include <algorithm>

#include "base/error.h"
#include "base/format.h"

namespace qkv::evaluate {
namespace {

/// A smaller difference is rounding: of equal vectors, for example, that were summed in another
/// order.
constexpr double kRounding = 1e-9;
constexpr double kNoLength = 1e-300;  // a vector without direction is orthogonal to all

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix directions(const Matrix& vectors) {
  const Eigen::VectorXd lengths = vectors.rowwise().norm().cwiseMax(kNoLength);
  return lengths.cwiseInverse().asDiagonal() * vectors;
}

/// Its index in the list, to which it is added if needed.
std::size_t place_in(std::vector<std::string>& list, const std::string& name) {
  const auto found = std::find(list.begin(), list.end(), name);
  const auto place = static_cast<std::size_t>(found - list.begin());
  if (found == list.end()) list.push_back(name);
  return place;
}

/// The vectors of some sentences at a depth, [sentences, width]; `all` [depths, width] of each.
base::ArrayOf<double> vectors_at(std::int64_t depth, const std::vector<std::size_t>& rows,
                                 const std::vector<base::ArrayOf<double>>& all) {
  base::ArrayOf<double> out({static_cast<std::int64_t>(rows.size()), all.front().shape.back()});
  auto next = out.values.begin();
  for (const std::size_t row : rows) {
    const std::span<const double> vector = all[row][depth].values();
    next = std::copy(vector.begin(), vector.end(), next);
  }
  return out;
}

}  // namespace

SenseSeparation sense_separation(base::ViewOf<const double> vectors,
                                 const std::vector<std::size_t>& senses) {
  const auto count = static_cast<std::int64_t>(senses.size());
  if (vectors.shape.size() != 2 || vectors.shape[0] != count) {
    throw base::Error(base::concat("vectors [sentences, width]: found shape ",
                                   base::shape_text(vectors.shape), ", expected [", count,
                                   ", width]"));
  }
  const Matrix rows = Eigen::Map<const Matrix>(vectors.data, count, vectors.shape[1]);
  const Matrix unit = directions(rows);
  const Matrix cosine = unit * unit.transpose();
  const auto of = [&](std::int64_t row) { return senses[static_cast<std::size_t>(row)]; };

  SenseSeparation out;
  double same = 0;
  double other = 0;
  for (std::int64_t row = 0; row < count; ++row) {
    for (std::int64_t column = 0; column < row; ++column) {
      const bool is_same = of(row) == of(column);
      (is_same ? out.same : out.other) += cosine(row, column);
      ++(is_same ? same : other);
    }
  }
  out.same /= same;
  out.other /= other;

  // The sum of a sense's vectors has the same direction as their mean.
  const auto kinds = static_cast<std::int64_t>(*std::max_element(senses.begin(), senses.end())) + 1;
  Matrix sums = Matrix::Zero(kinds, rows.cols());
  for (std::int64_t row = 0; row < count; ++row)
    sums.row(static_cast<std::int64_t>(of(row))) += rows.row(row);
  for (std::int64_t row = 0; row < count; ++row) {
    const auto own = static_cast<std::int64_t>(of(row));
    Matrix centroids = sums;
    centroids.row(own) -= rows.row(row);
    const Eigen::VectorXd near = directions(centroids) * unit.row(row).transpose();
    const double nearly_best = near.maxCoeff() - kRounding;
    const auto equal = (near.array() > nearly_best).count();
    if (near[own] > nearly_best) out.accuracy += 1 / static_cast<double>(equal);
  }
  out.accuracy /= static_cast<double>(count);
  return out;
}

AskedSenses::AskedSenses(const std::vector<world::SenseSentence>& sentences,
                         const std::string& where, const checkpoint::Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const world::SenseSentence& sentence : sentences) {
    const std::size_t place = place_in(names, sentence.word);
    if (place == words_.size())
      words_.push_back({.word = sentence.word, .senses = {}, .rows = {}, .sense_of = {}});
    Word& word = words_[place];
    word.sense_of.push_back(place_in(word.senses, sentence.sense));
    word.rows.push_back(rows_.size());
    rows_.push_back(inspect::place_word(checkpoint, sentence.text, sentence.span,
                                        base::concat(where, ": ", base::quoted(sentence.text))));
  }
}

std::vector<WordSenses> AskedSenses::measure(const engine::Model& model, int threads,
                                             const std::string& label) const {
  std::vector<WordSenses> out;
  if (rows_.empty()) return out;
  const auto vectors = inspect::context_vectors(model, rows_, threads, label);
  for (const Word& word : words_) {
    WordSenses& measured = out.emplace_back();
    measured.word = word.word;
    measured.sentences = word.rows.size();
    measured.guessing = 1 / static_cast<double>(word.senses.size());
    for (std::int64_t depth = 0; depth <= model.config().layers; ++depth) {
      const base::ArrayOf<double> at_depth = vectors_at(depth, word.rows, vectors);
      measured.depths.push_back(sense_separation(at_depth.view(), word.sense_of));
    }
  }
  return out;
}

std::vector<SenseSeparation> mean_separation(const std::vector<WordSenses>& words) {
  std::vector<SenseSeparation> means;
  for (const WordSenses& word : words) {
    means.resize(word.depths.size());
    for (std::size_t depth = 0; depth < means.size(); ++depth) {
      const auto count = static_cast<double>(words.size());
      means[depth].same += word.depths[depth].same / count;
      means[depth].other += word.depths[depth].other / count;
      means[depth].accuracy += word.depths[depth].accuracy / count;
    }
  }
  return means;
}

}  // namespace qkv::evaluate
