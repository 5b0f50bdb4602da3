#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "inference/arithmetic.h"

namespace qkv::generate {

/// How the next token is chosen among all.
struct Sampling {
  double temperature = 1.0;  ///< logits are divided by it; 0 takes the likeliest token
  std::int64_t top_k = 0;    ///< only the k likeliest; 0: all
  double top_p =
      1.0;  ///< only the fewest that together reach this probability (Holtzman et al. 2020)
};

/// Throws Error unless temperature ≥ 0, top_k ≥ 0 and 0 < top_p ≤ 1.
void check_sampling(const Sampling& sampling);

/// Draws ids. Of the ids in falling order of their probabilities, equal ones by rising id, it draws
/// the one at which these add up to a random number; it sorts no more than it must for that.
class Sampler {
 public:
  /// `ends`: whether the end of a document may be drawn. Throws Error as check_sampling.
  explicit Sampler(const Sampling& sampling, bool ends = true);

  /// An id drawn by logits [vocabulary], one number of the stream; ids of specials but the end are
  /// never drawn. Throws Error (Fault::kRun) on a logit that is NaN or infinite (−∞ is probability
  /// 0), or where no id is left.
  std::int32_t draw(std::span<const float> logits, base::RandomStream& random);

 private:
  /// A place in the order of ids.
  struct Place {
    std::int32_t id;
    double sum;  ///< of the powers of all ids up to this one
  };
  enum class Measure { kIds, kPowers };

  /// The first place at which ids, or their powers, add up to `bound`; the last one of a
  /// probability above 0 where they do not.
  Place find(Measure measure, double bound);

  Sampling sampling_;
  bool ends_;
  const inference::Arithmetic& arithmetic_;
  std::vector<float> scores_;      ///< by id: the logits, −∞ for those never drawn
  std::vector<float> powers_;      ///< by id, in proportion to the probability
  std::vector<std::int32_t> ids_;  ///< those among which find() looks at last
};

}  // namespace qkv::generate
