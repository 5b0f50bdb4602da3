#include "evaluate/senses.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "inspect/passage.h"

namespace qkv::evaluate {
namespace {

/// A smaller difference is rounding: of equal vectors, for example, that were summed in another
/// order.
constexpr double kRounding = 1e-9;
constexpr double kNoLength = 1e-300;  // a vector without direction is orthogonal to all

model::Tensor directions(const model::Tensor& vectors) {
  return vectors / vectors.norm(2, 1, /*keepdim=*/true).clamp_min(kNoLength);
}

inspect::PlacedWord placed(const world::SenseSentence& sentence, const std::string& where,
                           const checkpoint::Checkpoint& checkpoint) {
  const std::string name = base::concat(where, ": ", base::quoted(sentence.text));
  inspect::PlacedWord word;
  const inspect::Passage passage = inspect::encode_passage(checkpoint, sentence.text, name);
  for (std::size_t place = 0; place < passage.tokens.size(); ++place) {
    const text::Token& token = passage.tokens[place];
    word.ids.push_back(token.id);
    if (sentence.span.overlaps({.begin = token.begin, .end = token.end}))
      word.tokens.push_back(static_cast<std::int64_t>(place));
  }
  if (word.tokens.empty())
    throw base::Error(
        base::concat(name, ": found no token for ", base::quoted(sentence.word), ", expected one"));
  return word;
}

/// Its index in the list, to which it is added if needed.
std::size_t place_in(std::vector<std::string>& list, const std::string& name) {
  const auto found = std::find(list.begin(), list.end(), name);
  const auto place = static_cast<std::size_t>(found - list.begin());
  if (found == list.end()) list.push_back(name);
  return place;
}

}  // namespace

SenseSeparation sense_separation(const model::Tensor& vectors,
                                 const std::vector<std::size_t>& senses) {
  const auto count = static_cast<std::int64_t>(senses.size());
  model::require_shape(vectors, {count, -1}, "vectors [sentences, width]");
  const model::Tensor rows = vectors.to(at::kCPU, at::kDouble);
  const model::Tensor unit = directions(rows);
  const model::Tensor cosines = unit.mm(unit.t()).contiguous();
  const auto cosine = cosines.accessor<double, 2>();
  const auto of = [&](std::int64_t row) { return senses[static_cast<std::size_t>(row)]; };

  SenseSeparation out;
  double same = 0;
  double other = 0;
  for (std::int64_t row = 0; row < count; ++row) {
    for (std::int64_t column = 0; column < row; ++column) {
      const bool is_same = of(row) == of(column);
      (is_same ? out.same : out.other) += cosine[row][column];
      ++(is_same ? same : other);
    }
  }
  out.same /= same;
  out.other /= other;

  // The sum of a sense's vectors has the same direction as their mean.
  const auto kinds = static_cast<std::int64_t>(*std::max_element(senses.begin(), senses.end())) + 1;
  model::Tensor members = torch::zeros({kinds, count}, at::kDouble);
  for (std::int64_t row = 0; row < count; ++row)
    members[static_cast<std::int64_t>(of(row))][row] = 1;
  const model::Tensor sums = members.mm(rows);
  for (std::int64_t row = 0; row < count; ++row) {
    const auto own = static_cast<std::int64_t>(of(row));
    model::Tensor centroids = sums.clone();
    centroids[own] -= rows[row];
    const model::Tensor near = directions(centroids).mv(unit[row]).contiguous();
    const double* nearness = near.const_data_ptr<double>();
    const double best = *std::max_element(nearness, nearness + kinds);
    const auto equal = std::count_if(nearness, nearness + kinds,
                                     [&](double one) { return one > best - kRounding; });
    if (nearness[own] > best - kRounding) out.accuracy += 1 / static_cast<double>(equal);
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
    rows_.push_back(placed(sentence, where, checkpoint));
  }
}

std::vector<WordSenses> AskedSenses::measure(const model::Model& model,
                                             const model::Runtime& runtime,
                                             const std::string& label) const {
  std::vector<WordSenses> out;
  if (rows_.empty()) return out;
  const std::vector<model::Tensor> vectors = inspect::context_vectors(model, rows_, runtime, label);
  for (const Word& word : words_) {
    std::vector<model::Tensor> own;  // [layers + 1, width] each
    for (const std::size_t row : word.rows) own.push_back(vectors[row]);
    const model::Tensor all = at::stack(own, 1);  // [layers + 1, sentences, width]
    WordSenses& measured = out.emplace_back();
    measured.word = word.word;
    measured.sentences = word.rows.size();
    measured.guessing = 1 / static_cast<double>(word.senses.size());
    for (std::int64_t depth = 0; depth < all.size(0); ++depth)
      measured.depths.push_back(sense_separation(all[depth], word.sense_of));
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
