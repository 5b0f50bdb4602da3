#include "kernels/exponential.h"
#include "kernels/lanes.h"
#include "kernels/recurrent.h"

namespace qkv::kernels::QKV_LANES {
namespace {

Lanes sigmoid_of(Lanes x) { return 1.0F / (1.0F + exponential<BitLanes>(-x)); }

Lanes tanh_of(Lanes x) { return 1.0F - 2.0F / (1.0F + exponential<BitLanes>(2.0F * x)); }

void lstm(std::int64_t hidden, const float* from_input, const float* from_state, float* cell,
          float* h) {
  for_lanes(hidden, [&](std::int64_t at, std::int64_t many) {
    const auto sum = [&](std::int64_t gate) {
      return load_first(from_input + gate * hidden + at, many) +
             load_first(from_state + gate * hidden + at, many);
    };
    const Lanes next =
        sigmoid_of(sum(1)) * load_first(cell + at, many) + sigmoid_of(sum(0)) * tanh_of(sum(2));
    store_first(cell + at, next, many);
    store_first(h + at, sigmoid_of(sum(3)) * tanh_of(next), many);
  });
}

void gru(std::int64_t hidden, const float* from_input, const float* from_state, float* h) {
  for_lanes(hidden, [&](std::int64_t at, std::int64_t many) {
    const auto input = [&](std::int64_t gate) {
      return load_first(from_input + gate * hidden + at, many);
    };
    const auto state = [&](std::int64_t gate) {
      return load_first(from_state + gate * hidden + at, many);
    };
    const Lanes update = sigmoid_of(input(1) + state(1));
    const Lanes next = tanh_of(input(2) + sigmoid_of(input(0) + state(0)) * state(2));
    store_first(h + at, next + update * (load_first(h + at, many) - next), many);
  });
}

}  // namespace

const RecurrentLoops& recurrent_loops() {
  static constexpr RecurrentLoops kLoops{lstm, gru};
  return kLoops;
}

}  // namespace qkv::kernels::QKV_LANES
