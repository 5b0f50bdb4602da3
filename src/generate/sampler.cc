#include "generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/format.h"
#include "kernels/loops.h"
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
    : sampling_(sampling), ends_(ends), softmax_(kernels::loops().softmax) {
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
  const float highest = softmax_.highest(count, scores_.data());
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
  double total = softmax_.exponentials(count, scores_.data(), highest, temperature, powers_.data());
  const bool keeps_few = sampling_.top_k > 0 && sampling_.top_k < count;
  if (keeps_few || sampling_.top_p < 1) {
    ids_.resize(scores_.size());
    std::iota(ids_.begin(), ids_.end(), 0);
  }
  if (keeps_few) total = keep(Measure::kIds, static_cast<double>(sampling_.top_k), total);
  if (sampling_.top_p < 1) total = keep(Measure::kPowers, sampling_.top_p * total, total);

  const double bound = random.uniform() * total;
  double sum = 0;
  std::size_t drawn = 0;
  for (std::size_t id = 0; id < powers_.size(); ++id) {
    if (powers_[id] == 0) continue;
    drawn = id;
    sum += static_cast<double>(powers_[id]);
    if (sum >= bound) break;
  }
  return static_cast<std::int32_t>(drawn);
}

double Sampler::keep(Measure measure, double bound, double total) {
  const auto power = [this](std::int32_t id) { return static_cast<double>(at(powers_, id)); };
  auto begin = ids_.begin();
  auto end = ids_.end();
  double before = 0;      // the sum of the powers before `begin`
  double inside = total;  // and of those from `begin` to `end`
  const auto reaches = [&](auto until, double sum) {
    return (measure == Measure::kPowers ? sum : static_cast<double>(until - ids_.begin())) >= bound;
  };
  // As in quickselect (Hoare 1961), one side of a pivot contains the last id to keep. The pivot is
  // the mean: few ids are more probable, and together they have most of the probability.
  constexpr std::ptrdiff_t kFew = 64;
  while (end - begin > kFew) {
    const auto pivot = static_cast<float>(inside / static_cast<double>(end - begin));
    const auto middle =
        std::partition(begin, end, [&](std::int32_t id) { return at(powers_, id) > pivot; });
    if (middle == begin || middle == end) break;  // all equally probable
    const double front = std::transform_reduce(begin, middle, 0.0, std::plus(), power);
    if (reaches(middle, before + front)) {
      end = middle;
      inside = front;
    } else {
      begin = middle;
      before += front;
      inside -= front;
    }
  }
  std::sort(begin, end, [this](std::int32_t a, std::int32_t b) {
    return at(scores_, a) != at(scores_, b) ? at(scores_, a) > at(scores_, b) : a < b;
  });
  while (begin != end) {
    before += power(*begin++);
    if (reaches(begin, before)) break;
  }
  std::for_each(begin, ids_.end(), [this](std::int32_t id) { at(powers_, id) = 0; });
  ids_.erase(begin, ids_.end());
  return before;
}

}  // namespace qkv::generate
