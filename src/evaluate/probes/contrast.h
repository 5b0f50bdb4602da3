#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qkv::evaluate {

/// The number that one measurement (of a head, a layer, an offset, a word …) gives the evidence of
/// a probe, and the largest that it gives any distractor.
struct Contrast {
  double truth = 0;
  double distractor = 0;

  double margin() const { return truth - distractor; }
  /// Whether the evidence has a number above `least`, and above every distractor by more than this.
  /// Smaller differences are rounding.
  bool right(double least = 0) const { return truth > least && margin() > least; }
};

/// The first number is that of the evidence, the others are those of the distractors; at least one.
Contrast contrast_of(std::span<const double> spans);

/// Contrasts of some probes, one row per probe; every row has the same measurements in the same
/// order.
using Contrasts = std::vector<std::vector<Contrast>>;

/// Which probes count: a measurement is chosen on those with even numbers and reported on the
/// others.
enum class Half { kEven, kOdd, kBoth };
bool is_in(Half half, std::size_t place);

/// The bounds of a 95% confidence interval.
struct Interval {
  double low = 0;
  double high = 0;

  bool operator==(const Interval&) const = default;
};

/// How often the contrast is right, for some probes.
struct Share {
  std::size_t probes = 0;
  double share = 0;       ///< NaN if there is no probe, like the others
  Interval interval;      ///< of `share`
  double truth = 0;       ///< mean over the evidence
  double distractor = 0;  ///< mean over the strongest distractor
};

Share share_of(const Contrasts& contrasts, std::size_t way, Half half, double least = 0);

/// The measurement that is right most often in a half. If several are equal, the one with the
/// larger mean margin, then the first. Throws Error if there is none.
std::size_t best_way(const Contrasts& contrasts, Half half, double least = 0);

/// The 95% bootstrap interval of the mean of `values`: the percentiles 2.5 and 97.5 of the means of
/// 1000 resamples (Efron 1979), drawn from a stream that depends only on their number.
Interval bootstrap_interval(std::span<const double> values);

}  // namespace qkv::evaluate
