#include "model/pass.h"

#include "base/random.h"
#include "model/libtorch.h"

namespace qkv {

Tensor Dropout::operator()(const Tensor& x, std::uint64_t place) const {
  if (!active()) return x;
  if (in_order_) return at::dropout(x, probability_, /*train=*/true);
  const double keep = 1.0 - probability_;
  Tensor factors = torch::empty(x.sizes(), x.options().requires_grad(false));
  for (std::int64_t row = 0; row < x.size(0); ++row) {
    const auto row_in_step = static_cast<std::uint64_t>(first_row_ + row);
    at::Generator generator = keyed_generator(
        stream_key(seed_, Purpose::kDropout, {step_, place, row_in_step}), x.device());
    factors[row].bernoulli_(keep, generator);
  }
  return x * factors.div_(keep);
}

}  // namespace qkv
