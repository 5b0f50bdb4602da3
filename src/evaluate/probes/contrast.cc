#include "evaluate/probes/contrast.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace qkv::evaluate {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// How often a reading of attention is right, and by what margin: the basis for choosing the best.
std::pair<std::size_t, double> success(const Contrasts& contrasts, std::size_t way, Half half,
                                       double least) {
  std::pair<std::size_t, double> sum = {0, 0};
  for (std::size_t probe = 0; probe < contrasts.size(); ++probe) {
    if (!is_in(half, probe)) continue;
    if (contrasts[probe][way].right(least)) ++sum.first;
    sum.second += contrasts[probe][way].margin();
  }
  return sum;
}

}  // namespace

Contrast contrast_of(std::span<const double> spans) {
  const auto distractors = spans.subspan(1);
  return {.truth = spans.front(),
          .distractor = *std::max_element(distractors.begin(), distractors.end())};
}

bool is_in(Half half, std::size_t place) {
  return half == Half::kBoth || (place % 2 == 0) == (half == Half::kEven);
}

Share share_of(const Contrasts& contrasts, std::size_t way, Half half, double least) {
  std::vector<double> right;
  Share share;
  for (std::size_t probe = 0; probe < contrasts.size(); ++probe) {
    if (!is_in(half, probe)) continue;
    const Contrast& contrast = contrasts[probe][way];
    right.push_back(contrast.right(least) ? 1 : 0);
    share.share += right.back();
    share.truth += contrast.truth;
    share.distractor += contrast.distractor;
  }
  share.probes = right.size();
  for (double* sum : {&share.share, &share.truth, &share.distractor})
    *sum = right.empty() ? kNone : *sum / static_cast<double>(right.size());
  share.interval = bootstrap_interval(right);
  return share;
}

std::size_t best_way(const Contrasts& contrasts, Half half, double least) {
  if (contrasts.empty() || contrasts.front().empty())
    throw base::Error(
        "found nothing to choose from, expected at least one head, layer, offset or word");
  std::size_t best = 0;
  auto most = success(contrasts, best, half, least);
  for (std::size_t way = 1; way < contrasts.front().size(); ++way) {
    const auto found = success(contrasts, way, half, least);
    if (found > most) {
      most = found;
      best = way;
    }
  }
  return best;
}

Interval bootstrap_interval(std::span<const double> values) {
  if (values.empty()) return {.low = kNone, .high = kNone};
  constexpr std::size_t kResamples = 1000;
  base::RandomStream stream(base::stream_key(0, base::Purpose::kBootstrap, {values.size()}));
  std::array<double, kResamples> means{};
  for (double& mean : means) {
    for (std::size_t draw = 0; draw < values.size(); ++draw)
      mean += values[stream.below(values.size())];
    mean /= static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  constexpr std::size_t kTail = kResamples / 40;  // 2.5%
  return {.low = means[kTail - 1], .high = means[kResamples - kTail]};
}

}  // namespace qkv::evaluate
