#include "model/pass.h"

#include "base/random.h"
#include "model/libtorch.h"

namespace qkv {

Tensor Dropout::operator()(const Tensor& x, std::uint64_t place) const {
  if (!active()) return x;
  if (in_order_) return at::dropout(x, probability_, /*train=*/true);
  at::Generator generator =
      keyed_generator(stream_key(seed_, Purpose::kDropout, {step_, place}), x.device());
  const double keep = 1.0 - probability_;
  return x * torch::empty_like(x.detach()).bernoulli_(keep, generator).div_(keep);
}

}  // namespace qkv
