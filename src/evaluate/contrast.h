#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qkv::evaluate {

/// What one way of looking gives to what a probe's answer depends on, and the most that it gives to
/// any distractor.
struct Contrast {
  double truth = 0;
  double distractor = 0;

  double margin() const { return truth - distractor; }
  /// Whether the truth gets something, and more than every distractor. What is not more than
  /// `least` is rounding.
  bool right(double least = 0) const { return truth > least && margin() > least; }
};

/// The truth's number stands first, then those of the distractors; at least one.
Contrast contrast_of(std::span<const double> spans);

/// Contrasts of some probes, a row each; every row has the same ways of looking in the same order.
using Contrasts = std::vector<std::vector<Contrast>>;

/// Which of the probes count: a way is chosen on those of even places and reported on the others.
enum class Half { kEven, kOdd, kBoth };
bool is_in(Half half, std::size_t place);

/// The bounds of a 95% confidence interval.
struct Interval {
  double low = 0;
  double high = 0;

  bool operator==(const Interval&) const = default;
};

/// In how many of some probes the contrast is right.
struct Share {
  std::size_t probes = 0;
  double share = 0;       ///< NaN where there is no probe, as the others
  Interval interval;      ///< of `share`
  double truth = 0;       ///< mean of what the truth gets
  double distractor = 0;  ///< mean of what the strongest distractor gets
};

Share share_of(const Contrasts& contrasts, std::size_t way, Half half, double least = 0);

/// The way that is right most often in a half; among equals the one of the larger mean margin, then
/// the first. Throws Error where there is no way.
std::size_t best_way(const Contrasts& contrasts, Half half, double least = 0);

/// The 95% bootstrap interval of the mean of `values`: the percentiles 2.5 and 97.5 of the means of
/// 1000 resamples (Efron 1979), drawn from a stream that depends on their number alone.
Interval bootstrap_interval(std::span<const double> values);

}  // namespace qkv::evaluate
