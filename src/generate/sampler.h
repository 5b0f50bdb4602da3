#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "generate/sampling.h"
#include "kernels/softmax.h"

namespace qkv::generate {

/// Draws ids: the one at which the sum of probabilities, in the order of ids, reaches a random
/// number.
class Sampler {
 public:
  /// `ends`: whether the end of a document may be drawn. Throws Error as check_sampling does.
  explicit Sampler(const Sampling& sampling, bool ends = true);

  /// Draws an id according to logits [vocabulary], with one number of the stream; special ids
  /// except the end are never drawn. Throws Error (Fault::kRun) on a logit that is NaN or infinite
  /// (−∞ means probability 0), or if no id remains.
  std::int32_t draw(std::span<const float> logits, base::RandomStream& random);

 private:
  enum class Measure { kIds, kPowers };

  /// Of `ids_`, keeps the most probable until their number, or the sum of their powers, reaches
  /// `bound`; of equally probable ones, the first. The others get the power 0. `total` is the sum
  /// of all their powers. Returns that of those it keeps.
  double keep(Measure measure, double bound, double total);

  Sampling sampling_;
  bool ends_;
  const kernels::SoftmaxLoops& softmax_;
  std::vector<float> scores_;      ///< by id: the logits, −∞ for ids that are never drawn
  std::vector<float> powers_;      ///< by id, in proportion to the probability
  std::vector<std::int32_t> ids_;  ///< those that may be drawn, in any order
};

}  // namespace qkv::generate
