#include "generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/format.h"
#include "inference/processor.h"
#include "text/tokenizer.h"

namespace qkv {
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
    throw Error(
        concat("--temperature: found ", sampling.temperature, ", expected a number of at least 0"));
  }
  if (sampling.top_k < 0)
    throw Error(concat("--top-k: found ", sampling.top_k, ", expected at least 0"));
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) {
    throw Error(concat("--top-p: found ", sampling.top_p, ", expected more than 0 and at most 1"));
  }
}

Sampler::Sampler(const Sampling& sampling) : sampling_(sampling), arithmetic_(best_arithmetic()) {
  check_sampling(sampling);
}

std::int32_t Sampler::draw(std::span<const float> logits, RandomStream& random) {
  scores_.assign(logits.begin(), logits.end());
  for (const std::int32_t special : {Tokenizer::kUnknown, Tokenizer::kBegin, Tokenizer::kMask}) {
    if (static_cast<std::size_t>(special) < scores_.size())
      at(scores_, special) = -std::numeric_limits<float>::infinity();
  }
  const auto count = static_cast<std::int64_t>(scores_.size());
  const float highest = arithmetic_.highest(count, scores_.data());
  if (!std::isfinite(highest)) {
    throw Error(concat("found a logit of ", highest, ", expected finite ones: the model is broken"),
                Error::Fault::kRun);
  }
  if (sampling_.temperature == 0) {
    return static_cast<std::int32_t>(std::find(scores_.begin(), scores_.end(), highest) -
                                     scores_.begin());
  }

  // Beyond these, temperatures do what they do: all or nothing, or all alike.
  const auto temperature = static_cast<float>(std::clamp(sampling_.temperature, 1e-30, 1e30));
  powers_.resize(scores_.size());
  double total =
      arithmetic_.exponentials(count, scores_.data(), highest, temperature, powers_.data());
  const auto power = [this](std::int32_t id) { return static_cast<double>(at(powers_, id)); };
  ids_.resize(scores_.size());
  std::iota(ids_.begin(), ids_.end(), 0);
  std::size_t kept = ids_.size();
  if (sampling_.top_k > 0 && static_cast<std::uint64_t>(sampling_.top_k) < kept) {
    kept = reach(kept, static_cast<double>(sampling_.top_k), [](std::int32_t) { return 1.0; });
    total = sum(0, kept, power);
  }
  if (sampling_.top_p < 1) {
    kept = reach(kept, sampling_.top_p * total, power);
    total = sum(0, kept, power);
  }
  return ids_[reach(kept, random.uniform() * total, power) - 1];
}

template <typename Measure>
double Sampler::sum(std::size_t begin, std::size_t end, const Measure& measure) const {
  double sum = 0;
  for (std::size_t place = begin; place < end; ++place) sum += measure(ids_[place]);
  return sum;
}

template <typename Measure>
std::size_t Sampler::reach(std::size_t count, double bound, const Measure& measure) {
  std::size_t begin = 0;  // ids before it belong to the order's beginning and measure `before`
  std::size_t end = count;
  double before = 0;
  // As in quickselect (Hoare 1961) what comes before a pivot moves to the front, and one side holds
  // the place that is sought. The pivot is the mean: few ids are likelier, and together they are
  // likely.
  constexpr std::size_t kFew = 24;
  while (end - begin > kFew) {
    const double mean = sum(begin, end, [&](std::int32_t id) { return at(powers_, id); }) /
                        static_cast<double>(end - begin);
    std::size_t middle = begin;
    for (std::size_t place = begin; place < end; ++place) {  // without a branch to be mispredicted
      const std::int32_t id = ids_[place];
      ids_[place] = ids_[middle];
      ids_[middle] = id;
      middle += static_cast<std::size_t>(at(powers_, id) > mean);
    }
    if (middle == begin || middle == end) break;  // all alike
    const double front = sum(begin, middle, measure);
    if (before + front >= bound) {
      end = middle;
    } else {
      before += front;
      begin = middle;
    }
  }
  std::sort(ids_.begin() + static_cast<std::ptrdiff_t>(begin),
            ids_.begin() + static_cast<std::ptrdiff_t>(end),
            [this](std::int32_t a, std::int32_t b) {
              if (at(powers_, a) != at(powers_, b)) return at(powers_, a) > at(powers_, b);
              return at(scores_, a) != at(scores_, b) ? at(scores_, a) > at(scores_, b) : a < b;
            });
  // Where rounding keeps the sum below the bound, the last id that can be drawn is the place.
  while (begin < end && at(powers_, ids_[begin]) > 0) {
    before += measure(ids_[begin]);
    ++begin;
    if (before >= bound) break;
  }
  return begin;
}

}  // namespace qkv
