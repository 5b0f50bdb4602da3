#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/tensor.h"
#include "text/tokenizer.h"

namespace qkv::inspect {

/// A piece and the cosine between its vector and the one asked for.
struct Neighbour {
  std::int32_t id = 0;
  double cosine = 0;
};

/// The learned pieces of a vocabulary as points: each embedding less the mean of them all, since
/// vectors that share a large common part would all look alike. Specials and bytes are left out.
class EmbeddingSpace {
 public:
  /// embedding [vocabulary, width]. Throws Error where the shape does not fit the tokenizer, where
  /// no piece was learned, or where a value is no number.
  EmbeddingSpace(const model::Tensor& embedding, const text::Tokenizer& tokenizer);

  /// The pieces whose vectors point most nearly where `word`'s does, nearest first, itself left
  /// out.
  std::vector<Neighbour> neighbours(std::int32_t word, std::size_t count = 10) const;

  /// The pieces nearest to a − b + c (Mikolov et al. 2013: king − man + woman), the three left out.
  std::vector<Neighbour> analogy(std::int32_t a, std::int32_t b, std::int32_t c,
                                 std::size_t count = 10) const;

  /// The cosine between each two words, [word][word].
  std::vector<std::vector<double>> cosines(const std::vector<std::int32_t>& words) const;

  /// How many pieces were learned.
  std::size_t size() const { return ids_.size(); }

 private:
  model::Tensor vector(std::int32_t id) const;
  std::vector<Neighbour> nearest(const model::Tensor& target,
                                 const std::vector<std::int32_t>& left_out,
                                 std::size_t count) const;

  std::vector<std::int64_t> ids_;  ///< learned pieces, ascending
  model::Tensor centred_;          ///< [learned pieces, width], double
};

/// The answers as a table under a line that repeats the question. Throw Error where a word is no
/// piece.
std::string neighbours_text(const model::Tensor& embedding, const text::Tokenizer& tokenizer,
                            const std::string& word);
std::string analogy_text(const model::Tensor& embedding, const text::Tokenizer& tokenizer,
                         const std::string& a, const std::string& b, const std::string& c);

}  // namespace qkv::inspect
