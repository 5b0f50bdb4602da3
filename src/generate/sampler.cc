#include "generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "engine/processor.h"
#include "text/tokenizer/tokenizer.h"

namespace qkv::generate {
namespace {

/// `values` at an id.
template <typename Value>
Value& at(std::vector<Value>& values, std::int32_t id) {
  return values[static_cast<std::size_t>(id)];
}
template <typename Value>
const Value& at(const std::vector<Value>& values, std::int32_t id) {
  return values[static_cast<std::size_t>(id)];
}

}  // namespace

void check_sampling(const Sampling& sampling) {
  if (!(sampling.temperature >= 0) || !std::isfinite(sampling.temperature)) {
    throw base::Error(base::concat("--temperature: found ", sampling.temperature,
                                   ", expected a number of at least 0"));
  }
  if (sampling.top_k < 0)
    throw base::Error(base::concat("--top-k: found ", sampling.top_k, ", expected at least 0"));
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) {
    throw base::Error(
        base::concat("--top-p: found ", sampling.top_p, ", expected more than 0 and at most 1"));
  }
}

Sampler::Sampler(const Sampling& sampling, bool ends)
    : sampling_(sampling), ends_(ends), arithmetic_(engine::best_arithmetic()) {
  check_sampling(sampling);
}

std::int32_t Sampler::draw(std::span<const float> logits, base::RandomStream& random) {
  scores_.assign(logits.begin(), logits.end());
  for (const std::int32_t special : {text::Tokenizer::kUnknown, text::Tokenizer::kBegin,
                                     text::Tokenizer::kMask, text::Tokenizer::kEnd}) {
    if (special == text::Tokenizer::kEnd && ends_) continue;
    if (static_cast<std::size_t>(special) < scores_.size())
      at(scores_, special) = -std::numeric_limits<float>::infinity();
  }
  const auto count = static_cast<std::int64_t>(scores_.size());
  const float highest = arithmetic_.highest(count, scores_.data());
  if (!std::isfinite(highest)) {
    throw base::Error(base::concat("found a logit of ", highest,
                                   ", expected finite numbers: the model is damaged"),
                      base::Error::Fault::kRun);
  }
  if (sampling_.temperature == 0) {
    return static_cast<std::int32_t>(std::find(scores_.begin(), scores_.end(), highest) -
                                     scores_.begin());
  }

  // Beyond these limits, temperatures give the same results: only the most probable token, or all
  // equally.
  const auto temperature = static_cast<float>(std::clamp(sampling_.temperature, 1e-30, 1e30));
  powers_.resize(scores_.size());
  double total =
      arithmetic_.exponentials(count, scores_.data(), highest, temperature, powers_.data());
  if (sampling_.top_k > 0 && sampling_.top_k < count)
    total = find(Measure::kIds, static_cast<double>(sampling_.top_k)).sum;
  if (sampling_.top_p < 1) total = find(Measure::kPowers, sampling_.top_p * total).sum;
  return find(Measure::kPowers, random.uniform() * total).id;
}

Sampler::Place Sampler::find(Measure measure, double bound) {
  const auto count = static_cast<std::int64_t>(powers_.size());
  const auto measured = [measure](const engine::Tally& tally) {
    return measure == Measure::kPowers ? tally.sum : static_cast<double>(tally.count);
  };
  // As in quickselect (Hoare 1961), one side of a pivot contains the wanted index. The pivot is the
  // mean: few ids are more probable, and together they have most of the probability.
  float low = 0;
  float high = std::numeric_limits<float>::infinity();
  engine::Tally before;
  engine::Tally inside = arithmetic_.tally(count, powers_.data(), low, high);
  constexpr std::int64_t kFew = 64;
  while (inside.count > kFew) {
    const auto pivot = static_cast<float>(inside.sum / static_cast<double>(inside.count));
    const engine::Tally front = arithmetic_.tally(count, powers_.data(), pivot, high);
    if (front.count == 0 || front.count == inside.count) break;  // all equally probable
    const engine::Tally both = {.sum = before.sum + front.sum, .count = before.count + front.count};
    if (measured(both) >= bound) {
      low = pivot;
      inside = front;
    } else {
      high = pivot;
      inside = {.sum = inside.sum - front.sum, .count = inside.count - front.count};
      before = both;
    }
  }

  ids_.resize(powers_.size());
  const auto end = ids_.begin() + arithmetic_.select(count, powers_.data(), low, high, ids_.data());
  std::sort(ids_.begin(), end, [this](std::int32_t a, std::int32_t b) {
    if (at(powers_, a) != at(powers_, b)) return at(powers_, a) > at(powers_, b);
    return at(scores_, a) != at(scores_, b) ? at(scores_, a) > at(scores_, b) : a < b;
  });
  for (auto id = ids_.begin(); id != end; ++id) {
    before.sum += static_cast<double>(at(powers_, *id));
    ++before.count;
    if (measured(before) >= bound) return {.id = *id, .sum = before.sum};
  }
  return {.id = end[-1], .sum = before.sum};
}

}  // namespace qkv::generate
