#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "inspect/vectors/context_vectors.h"
#include "world/geometry_file.h"

namespace qkv::evaluate {

/// How well the vectors of one word in several sentences are separated by its sense.
struct SenseSeparation {
  double same = 0;   ///< mean cosine of two sentences with the same sense
  double other = 0;  ///< with different senses
  /// How often a sentence's vector is nearer, by cosine, to the mean of the other sentences with
  /// its sense than to the mean of any other sense (nearest centroid, leave one out). If n means
  /// are equally near, its own among them, it counts 1/n.
  double accuracy = 0;
};

/// A word with several senses.
struct WordSenses {
  std::string word;
  std::size_t sentences = 0;
  double guessing = 0;                  ///< 1 / senses
  std::vector<SenseSeparation> depths;  ///< depth 0 is the embedding, then after each layer
};

/// vectors [sentences, width], and the sense of each, counted from 0. Every sense has at least two
/// sentences, and there are at least two senses.
SenseSeparation sense_separation(base::ViewOf<const double> vectors,
                                 const std::vector<std::size_t>& senses);

/// Words in sentences, prepared for models that share the checkpoint's tokenizer and layout.
class AskedSenses {
 public:
  /// Throws Error, naming `where`, if a sentence does not fit the context or has no token for its
  /// word.
  AskedSenses(const std::vector<world::SenseSentence>& sentences, const std::string& where,
              const checkpoint::Checkpoint& checkpoint);

  /// In the order of the words' first sentences. Shows progress. Throws Error as the model does.
  std::vector<WordSenses> measure(const engine::Model& model, int threads,
                                  const std::string& label) const;

 private:
  struct Word {
    std::string word;
    std::vector<std::string> senses;
    std::vector<std::size_t> rows;      ///< the indices of its sentences
    std::vector<std::size_t> sense_of;  ///< of each of these
  };
  std::vector<Word> words_;
  std::vector<inspect::PlacedWord> rows_;
};

/// The mean over words.
std::vector<SenseSeparation> mean_separation(const std::vector<WordSenses>& words);

}  // namespace qkv::evaluate
