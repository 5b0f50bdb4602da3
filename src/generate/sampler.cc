#include "generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "text/tokenizer.h"

namespace qkv {

void check_sampling(const Sampling& sampling) {
  if (!(sampling.temperature >= 0) || !std::isfinite(sampling.temperature)) {
    throw Error(
        concat("--temperature: found ", sampling.temperature, ", expected a number of at least 0"));
  }
  if (sampling.top_k < 0)
    throw Error(concat("--top-k: found ", sampling.top_k, ", expected at least 0"));
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) {
    throw Error(concat("--top-p: found ", sampling.top_p, ", expected more than 0 and at most 1"));
  }
}

std::int32_t sample(const Tensor& logits, const Sampling& sampling, RandomStream& random) {
  const Tensor values = logits.to(at::kCPU, at::kFloat).contiguous();
  const float* data = values.const_data_ptr<float>();
  std::vector<double> score(data, data + values.numel());
  for (const std::int32_t special : {Tokenizer::kUnknown, Tokenizer::kBegin, Tokenizer::kMask}) {
    if (static_cast<std::size_t>(special) < score.size()) {
      score[static_cast<std::size_t>(special)] = -std::numeric_limits<double>::infinity();
    }
  }
  for (const double value : score) {
    if (std::isnan(value) || value == std::numeric_limits<double>::infinity()) {
      throw Error(concat("found a logit of ", value, ", expected finite ones: the model is broken"),
                  Error::Fault::kRun);
    }
  }
  // Ids by falling score; equal scores by rising id, so that the order is one.
  std::vector<std::int32_t> order(score.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return score[static_cast<std::size_t>(a)] > score[static_cast<std::size_t>(b)];
  });
  if (sampling.temperature == 0) return order.front();

  std::size_t kept = order.size();
  if (sampling.top_k > 0) kept = std::min(kept, static_cast<std::size_t>(sampling.top_k));
  const double highest = score[static_cast<std::size_t>(order.front())];
  std::vector<double> probability(kept);
  for (std::size_t rank = 0; rank < kept; ++rank) {
    probability[rank] =
        std::exp((score[static_cast<std::size_t>(order[rank])] - highest) / sampling.temperature);
  }
  double total = std::accumulate(probability.begin(), probability.end(), 0.0);
  double reached = 0;
  for (std::size_t rank = 0; rank < kept && sampling.top_p < 1; ++rank) {
    reached += probability[rank];
    if (reached >= sampling.top_p * total) {
      kept = rank + 1;
      total = reached;
    }
  }
  double left = random.uniform() * total;
  for (std::size_t rank = 0; rank < kept; ++rank) {
    left -= probability[rank];
    if (left < 0) return order[rank];
  }
  return order.front();
}

}  // namespace qkv
