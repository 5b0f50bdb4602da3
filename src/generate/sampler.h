#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "inference/arithmetic.h"

namespace qkv {

/// How the next token is chosen among all.
struct Sampling {
  double temperature = 1.0;  ///< logits are divided by it; 0 takes the likeliest token
  std::int64_t top_k = 0;    ///< only the k likeliest; 0: all
  double top_p =
      1.0;  ///< only the fewest that together reach this probability (Holtzman et al. 2020)
};

/// Throws Error unless temperature ≥ 0, top_k ≥ 0 and 0 < top_p ≤ 1.
void check_sampling(const Sampling& sampling);

/// Draws ids. Of the ids in falling order of their logits, equal ones by rising id, it draws the
/// one at which the probabilities add up to a random number; it sorts no more than it must for
/// that.
class Sampler {
 public:
  /// Throws Error as check_sampling.
  explicit Sampler(const Sampling& sampling);

  /// An id drawn by logits [vocabulary], one number of the stream; ids of specials but the end are
  /// never drawn. Throws Error (Fault::kRun) on a logit that is NaN or infinite (−∞ is probability
  /// 0), or where no id is left.
  std::int32_t draw(std::span<const float> logits, RandomStream& random);

 private:
  /// Puts the fewest ids of the order's beginning whose measures add up to `bound` in front, the
  /// last of them last, the others in any order. Returns how many. Looks at the first `count` ids,
  /// and at none of probability 0.
  template <typename Measure>
  std::size_t reach(std::size_t count, double bound, const Measure& measure);
  template <typename Measure>
  double sum(std::size_t begin, std::size_t end, const Measure& measure) const;

  Sampling sampling_;
  const Arithmetic& arithmetic_;
  std::vector<float> scores_;  ///< by id: the logits, −∞ for those never drawn
  std::vector<float> powers_;  ///< by id, in proportion to the probability
  std::vector<std::int32_t> ids_;
};

}  // namespace qkv
