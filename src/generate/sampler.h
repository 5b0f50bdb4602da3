#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "engine/arithmetic.h"
#include "generate/sampling.h"

namespace qkv::generate {

/// Draws ids. In the order of descending probability, equal ones by ascending id, it draws the id
/// at which the cumulative sum reaches a random number. It sorts no more than necessary.
class Sampler {
 public:
  /// `ends`: whether the end of a document may be drawn. Throws Error as check_sampling does.
  explicit Sampler(const Sampling& sampling, bool ends = true);

  /// Draws an id according to logits [vocabulary], with one number of the stream; special ids
  /// except the end are never drawn. Throws Error (Fault::kRun) on a logit that is NaN or infinite
  /// (−∞ means probability 0), or if no id remains.
  std::int32_t draw(std::span<const float> logits, base::RandomStream& random);

 private:
  /// A position in the order of ids.
  struct Place {
    std::int32_t id;
    double sum;  ///< of the powers of all ids up to this one
  };
  enum class Measure { kIds, kPowers };

  /// The first position at which the number of ids, or the sum of their powers, reaches `bound`; if
  /// it is not reached, the last one with a probability above 0.
  Place find(Measure measure, double bound);

  Sampling sampling_;
  bool ends_;
  const engine::Arithmetic& arithmetic_;
  std::vector<float> scores_;      ///< by id: the logits, −∞ for ids that are never drawn
  std::vector<float> powers_;      ///< by id, in proportion to the probability
  std::vector<std::int32_t> ids_;  ///< the candidates that find() sorts
};

}  // namespace qkv::generate
