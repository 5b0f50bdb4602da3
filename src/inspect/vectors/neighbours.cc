#include "inspect/vectors/neighbours.h"

#include <Eigen/Core>
#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "inspect/largest.h"
#include "inspect/vocabulary.h"

namespace qkv::inspect {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double kNoLength = 1e-300;  // a vector without direction is orthogonal to all

Eigen::Map<const Eigen::VectorXd> as_vector(std::span<const double> values) {
  return {values.data(), static_cast<std::ptrdiff_t>(values.size())};
}

std::string table_of(const std::vector<Neighbour>& neighbours, const text::Tokenizer& tokenizer) {
  base::Table table({"word", "cosine", "piece"});
  for (const Neighbour& neighbour : neighbours) {
    table.add({piece_word(tokenizer, neighbour.id), base::fixed(neighbour.cosine, 4),
               base::quoted(tokenizer.piece(neighbour.id))});
  }
  return table.text();
}

}  // namespace

EmbeddingSpace::EmbeddingSpace(base::View embedding, const text::Tokenizer& tokenizer) {
  if (embedding.shape.size() != 2 || embedding.shape[0] != tokenizer.size()) {
    throw base::Error(base::concat("embedding [vocabulary, width]: found shape ",
                                   base::shape_text(embedding.shape), ", expected [",
                                   tokenizer.size(), ", width]"));
  }
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (is_learned(tokenizer, id)) ids_.push_back(id);
  }
  if (ids_.empty())
    throw base::Error("this tokenizer has learned no pieces; expected some to compare");
  centred_ = base::ArrayOf<double>({static_cast<std::int64_t>(ids_.size()), embedding.shape[1]});
  for (std::size_t row = 0; row < ids_.size(); ++row) {
    const std::span<const float> vector = embedding[ids_[row]].values();
    std::copy(vector.begin(), vector.end(), centred_[static_cast<std::int64_t>(row)].data);
  }
  Eigen::Map<Matrix> rows(centred_.values.data(), centred_.shape[0], centred_.shape[1]);
  if (!rows.allFinite()) {
    throw base::Error("embedding: found a value that is no number, expected finite numbers");
  }
  rows.rowwise() -= rows.colwise().mean().eval();
}

std::span<const double> EmbeddingSpace::vector(std::int32_t id) const {
  const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
  if (found == ids_.end() || *found != id) {
    throw base::Error(
        base::concat("piece ", id, " is a special piece or a byte, expected a learned piece"));
  }
  return centred_[found - ids_.begin()].values();
}

std::vector<Neighbour> EmbeddingSpace::neighbours(std::int32_t word, std::size_t count) const {
  return nearest(vector(word), {word}, count);
}

std::vector<Neighbour> EmbeddingSpace::analogy(std::int32_t a, std::int32_t b, std::int32_t c,
                                               std::size_t count) const {
  const Eigen::VectorXd target = as_vector(vector(a)) - as_vector(vector(b)) + as_vector(vector(c));
  return nearest({target.data(), static_cast<std::size_t>(target.size())}, {a, b, c}, count);
}

std::vector<std::vector<double>> EmbeddingSpace::cosines(
    const std::vector<std::int32_t>& words) const {
  const auto count = static_cast<std::ptrdiff_t>(words.size());
  Matrix directions(count, centred_.shape[1]);
  for (std::ptrdiff_t row = 0; row < count; ++row) {
    const auto of_word = as_vector(vector(words[static_cast<std::size_t>(row)]));
    directions.row(row) = of_word / std::max(of_word.norm(), kNoLength);
  }
  const Matrix all = directions * directions.transpose();
  std::vector<std::vector<double>> out;
  for (std::ptrdiff_t row = 0; row < count; ++row)
    out.emplace_back(all.row(row).begin(), all.row(row).end());
  return out;
}

std::vector<Neighbour> EmbeddingSpace::nearest(std::span<const double> target,
                                               const std::vector<std::int32_t>& left_out,
                                               std::size_t count) const {
  const Eigen::Map<const Matrix> rows(centred_.values.data(), centred_.shape[0], centred_.shape[1]);
  const auto asked = as_vector(target);
  const Eigen::ArrayXd lengths = rows.rowwise().norm() * asked.norm();
  const Eigen::ArrayXd cosines = (rows * asked).array() / lengths.max(kNoLength);

  std::vector<Neighbour> all;
  for (std::size_t index = 0; index < ids_.size(); ++index) {
    if (std::find(left_out.begin(), left_out.end(), ids_[index]) == left_out.end())
      all.push_back({ids_[index], cosines[static_cast<std::ptrdiff_t>(index)]});
  }
  keep_largest(all, count, &Neighbour::cosine);
  return all;
}

std::string neighbours_text(base::View embedding, const text::Tokenizer& tokenizer,
                            const std::string& word) {
  const std::int32_t id = find_piece(tokenizer, word, "--neighbours");
  return base::concat("nearest to ", piece_word(tokenizer, id), " (cosine of centred embeddings)\n",
                      table_of(EmbeddingSpace(embedding, tokenizer).neighbours(id), tokenizer));
}

std::string analogy_text(base::View embedding, const text::Tokenizer& tokenizer,
                         const std::string& a, const std::string& b, const std::string& c) {
  const std::int32_t first = find_piece(tokenizer, a, "--analogy");
  const std::int32_t second = find_piece(tokenizer, b, "--analogy");
  const std::int32_t third = find_piece(tokenizer, c, "--analogy");
  return base::concat(
      "nearest to ", piece_word(tokenizer, first), " − ", piece_word(tokenizer, second), " + ",
      piece_word(tokenizer, third), " (cosine of centred embeddings)\n",
      table_of(EmbeddingSpace(embedding, tokenizer).analogy(first, second, third), tokenizer));
}

}  // namespace qkv::inspect
