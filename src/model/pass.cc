#include "model/pass.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "kernels/attention_dropout.h"
#include "kernels/dropped.h"
#include "model/libtorch.h"

namespace qkv::model {
namespace {

constexpr std::int64_t kValuesAtOnce = 32768;  ///< of a thread, so that starting it is worthwhile

/// Zeros of x's shape in float32, or in double if x is in double: the factors of x, to be filled
/// in.
Tensor no_factors(const Tensor& x) {
  return torch::zeros(x.sizes(), x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
}

/// Sets the factors that `dropped` keeps to 1 / (1 − probability).
template <typename Real>
void keep_values(const kernels::Dropped& dropped, double probability, const Tensor& factors) {
  const auto kept = static_cast<Real>(1 / (1 - probability));
  auto* const to = factors.data_ptr<Real>();
  at::parallel_for(0, factors.numel(), kValuesAtOnce, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at)
      to[at] =
          kernels::factor<float>(dropped, static_cast<std::uint32_t>(at)) != 0 ? kept : Real{0};
  });
}

/// Calls use(begin, end) for each run of equal numbers.
template <typename Use>
void for_each_run(const std::int64_t* numbers, std::int64_t count, Use use) {
  for (std::int64_t begin = 0; begin < count;) {
    std::int64_t end = begin + 1;
    while (end < count && numbers[end] == numbers[begin]) ++end;
    use(begin, end);
    begin = end;
  }
}

}  // namespace

Tensor Dropout::operator()(const Tensor& x, std::uint64_t place) const {
  if (!active()) return x;
  if (in_order_) return at::dropout(x, probability_, /*train=*/true);
  if (!x.device().is_cpu()) return by_generator(x, place);
  const Tensor factors = no_factors(x);
  const std::int64_t values_per_row = x.numel() / x.size(0);
  const kernels::Dropped dropped = kernels::Dropped::with(
      probability_, base::stream_key(seed_, base::Purpose::kDropout, {step_, place}),
      first_row_ * values_per_row);
  if (factors.scalar_type() == at::kDouble) {
    keep_values<double>(dropped, probability_, factors);
  } else {
    keep_values<float>(dropped, probability_, factors);
  }
  return x * factors;
}

Tensor Dropout::of_weights(const Tensor& weights, std::uint64_t place,
                           const Tensor& documents) const {
  if (!active()) return weights;
  if (in_order_ || !weights.device().is_cpu()) return (*this)(weights, place);
  const std::int64_t heads = weights.size(1);
  const std::int64_t tokens = weights.size(3);
  const Tensor numbers = (documents.defined() ? documents : torch::zeros({weights.size(0), tokens}))
                             .to(at::kLong)
                             .contiguous();
  const Tensor factors = no_factors(weights);
  const auto fill = [&](auto* const to) {
    using Real = std::remove_pointer_t<decltype(to)>;
    at::parallel_for(0, weights.size(0), 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t row = first; row < last; ++row) {
        for_each_run(
            numbers.const_data_ptr<std::int64_t>() + row * tokens, tokens,
            [&](std::int64_t begin, std::int64_t end) {
              const auto token = static_cast<std::uint64_t>((first_row_ + row) * tokens + begin);
              const kernels::AttentionDropout dropout{
                  base::stream_key(seed_, base::Purpose::kDropout, {step_, place, token}),
                  probability_};
              for (std::int64_t head = 0; head < heads; ++head) {
                const kernels::HeadDropout mask = kernels::head_dropout(dropout, head);
                const auto kept = static_cast<Real>(1 / static_cast<double>(mask.kept));
                for (std::int64_t query = begin; query < end; ++query) {
                  const auto number =
                      kernels::query_number(mask, static_cast<std::uint32_t>(query - begin));
                  Real* const of_query = to + ((row * heads + head) * tokens + query) * tokens;
                  for (std::int64_t key = begin; key < end; ++key)
                    of_query[key] = kernels::keeps(mask, number, key - begin) ? kept : Real{0};
                }
              }
            });
      }
    });
  };
  if (factors.scalar_type() == at::kDouble) {
    fill(factors.data_ptr<double>());
  } else {
    fill(factors.data_ptr<float>());
  }
  return weights * factors;
}

Tensor Dropout::by_generator(const Tensor& x, std::uint64_t place) const {
  const double keep = 1.0 - probability_;
  Tensor factors = torch::empty(x.sizes(), x.options().requires_grad(false));
  for (std::int64_t row = 0; row < x.size(0); ++row) {
    const auto row_in_step = static_cast<std::uint64_t>(first_row_ + row);
    at::Generator generator = keyed_generator(
        base::stream_key(seed_, base::Purpose::kDropout, {step_, place, row_in_step}), x.device());
    factors[row].bernoulli_(keep, generator);
  }
  return x * factors.div_(keep);
}

}  // namespace qkv::model
