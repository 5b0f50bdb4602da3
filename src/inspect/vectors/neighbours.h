#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/array.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::inspect {

/// A piece and the cosine between its vector and the one asked for.
struct Neighbour {
  std::int32_t id = 0;
  double cosine = 0;
};

/// The learned pieces of a vocabulary as points: each embedding minus the mean of all, since
/// vectors with a large common part would all look similar. Specials and bytes are left out.
class EmbeddingSpace {
 public:
  /// embedding [vocabulary, width]. Throws Error if the shape does not fit the tokenizer, no piece
  /// was learned, or a value is not a number.
  EmbeddingSpace(base::View embedding, const text::Tokenizer& tokenizer);

  /// The pieces whose vectors have the highest cosine with that of `word`, highest first, without
  /// the word itself.
  std::vector<Neighbour> neighbours(std::int32_t word, std::size_t count = 10) const;

  /// The pieces nearest to a − b + c (Mikolov et al. 2013: king − man + woman), without these
  /// three.
  std::vector<Neighbour> analogy(std::int32_t a, std::int32_t b, std::int32_t c,
                                 std::size_t count = 10) const;

  /// The cosine between each two words, [word][word].
  std::vector<std::vector<double>> cosines(const std::vector<std::int32_t>& words) const;

  /// The number of learned pieces.
  std::size_t size() const { return ids_.size(); }

 private:
  /// The centred vector of a learned piece.
  std::span<const double> vector(std::int32_t id) const;
  std::vector<Neighbour> nearest(std::span<const double> target,
                                 const std::vector<std::int32_t>& left_out,
                                 std::size_t count) const;

  std::vector<std::int32_t> ids_;  ///< learned pieces, ascending
  base::ArrayOf<double> centred_;  ///< [learned pieces, width]
};

/// The answers as a table below a line that repeats the question. Throw Error if a word is not a
/// piece.
std::string neighbours_text(base::View embedding, const text::Tokenizer& tokenizer,
                            const std::string& word);
std::string analogy_text(base::View embedding, const text::Tokenizer& tokenizer,
                         const std::string& a, const std::string& b, const std::string& c);

}  // namespace qkv::inspect
