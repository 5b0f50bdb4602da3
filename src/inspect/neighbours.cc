#include "inspect/neighbours.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "inspect/vocabulary.h"

namespace qkv::inspect {
namespace {

constexpr double kNoLength = 1e-300;  // a vector without direction is orthogonal to all

std::string table_of(const std::vector<Neighbour>& neighbours, const text::Tokenizer& tokenizer) {
  base::Table table({"word", "cosine", "piece"});
  for (const Neighbour& neighbour : neighbours) {
    table.add({piece_word(tokenizer, neighbour.id), base::fixed(neighbour.cosine, 4),
               base::quoted(tokenizer.piece(neighbour.id))});
  }
  return table.text();
}

}  // namespace

EmbeddingSpace::EmbeddingSpace(const model::Tensor& embedding, const text::Tokenizer& tokenizer) {
  model::require_shape(embedding, {tokenizer.size(), -1}, "embedding [vocabulary, width]");
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (is_learned(tokenizer, id)) ids_.push_back(id);
  }
  if (ids_.empty())
    throw base::Error("this tokenizer has learned no pieces; expected some to compare");
  const model::Tensor rows =
      embedding.detach().to(at::kCPU, at::kDouble).index_select(0, torch::tensor(ids_, at::kLong));
  if (!rows.isfinite().all().item<bool>()) {
    throw base::Error("embedding: found a value that is no number, expected finite numbers");
  }
  centred_ = rows - rows.mean(0, /*keepdim=*/true);
}

model::Tensor EmbeddingSpace::vector(std::int32_t id) const {
  const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
  if (found == ids_.end() || *found != id) {
    throw base::Error(
        base::concat("piece ", id, " is a special piece or a byte, expected a learned piece"));
  }
  return centred_[found - ids_.begin()];
}

std::vector<Neighbour> EmbeddingSpace::neighbours(std::int32_t word, std::size_t count) const {
  return nearest(vector(word), {word}, count);
}

std::vector<Neighbour> EmbeddingSpace::analogy(std::int32_t a, std::int32_t b, std::int32_t c,
                                               std::size_t count) const {
  return nearest(vector(a) - vector(b) + vector(c), {a, b, c}, count);
}

std::vector<std::vector<double>> EmbeddingSpace::cosines(
    const std::vector<std::int32_t>& words) const {
  std::vector<std::vector<double>> out;
  if (words.empty()) return out;
  std::vector<model::Tensor> vectors;
  vectors.reserve(words.size());
  for (const std::int32_t word : words) vectors.push_back(vector(word));
  const model::Tensor rows = at::stack(vectors);
  const model::Tensor directions = rows / rows.norm(2, 1, /*keepdim=*/true).clamp_min(kNoLength);
  const model::Tensor all = directions.mm(directions.t()).contiguous();
  const double* next = all.const_data_ptr<double>();
  for (std::size_t row = 0; row < words.size(); ++row, next += words.size())
    out.emplace_back(next, next + words.size());
  return out;
}

std::vector<Neighbour> EmbeddingSpace::nearest(const model::Tensor& target,
                                               const std::vector<std::int32_t>& left_out,
                                               std::size_t count) const {
  const model::Tensor lengths = centred_.norm(2, 1) * target.norm();
  const model::Tensor cosines = centred_.mv(target) / lengths.clamp_min(kNoLength);
  const double* cosine = cosines.const_data_ptr<double>();

  std::vector<Neighbour> all;
  for (std::size_t index = 0; index < ids_.size(); ++index) {
    const auto id = static_cast<std::int32_t>(ids_[index]);
    if (std::find(left_out.begin(), left_out.end(), id) == left_out.end()) {
      all.push_back({id, cosine[index]});
    }
  }
  count = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                    [](const Neighbour& left, const Neighbour& right) {
                      return left.cosine != right.cosine ? left.cosine > right.cosine
                                                         : left.id < right.id;
                    });
  all.resize(count);
  return all;
}

std::string neighbours_text(const model::Tensor& embedding, const text::Tokenizer& tokenizer,
                            const std::string& word) {
  const std::int32_t id = find_piece(tokenizer, word, "--neighbours");
  return base::concat("nearest to ", piece_word(tokenizer, id), " (cosine of centred embeddings)\n",
                      table_of(EmbeddingSpace(embedding, tokenizer).neighbours(id), tokenizer));
}

std::string analogy_text(const model::Tensor& embedding, const text::Tokenizer& tokenizer,
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
