#include "kernels/exponential.h"
#include "kernels/lanes.h"
#include "kernels/softmax.h"

namespace qkv::kernels::QKV_LANES {
namespace {

// As wide as a vector of floats: GCC would keep one of kLanes doubles in memory.
using Doubles __attribute__((vector_size(kLanes / 2 * sizeof(double)))) = double;

constexpr float kInfinity = __builtin_inff();

/// Half of the lanes, from `first` on. Written as single lanes, it is one conversion.
template <std::size_t first, std::size_t... lane>
[[gnu::always_inline]] inline Doubles widened(Lanes lanes, std::index_sequence<lane...>) {
  return Doubles{static_cast<double>(lanes[first + lane])...};
}

/// sum + the doubles, in order.
double added(double sum, const Doubles& doubles) {
  for (std::int64_t at = 0; at < kLanes / 2; ++at) sum += doubles[at];
  return sum;
}

float highest(std::int64_t count, const float* values) {
  Lanes high = broadcast(-kInfinity);
  BitLanes broken = {};
  for_lanes(count, [&](std::int64_t at, std::int64_t many) {
    const Lanes lanes = load_or(values + at, many, -kInfinity);
    high = greater(lanes, high);  // a comparison with NaN is false
    broken |= ~__builtin_bit_cast(BitLanes, lanes <= kInfinity);
  });
  for (std::int64_t at = 0; at < kLanes; ++at) {
    if (broken[at] != 0) return __builtin_nanf("");
  }
  return largest_of(high);
}

double exponentials(std::int64_t count, const float* values, float highest, float temperature,
                    float* powers) {
  constexpr std::make_index_sequence<kLanes / 2> kHalf;
  Doubles low = {};
  Doubles high = {};
  for_lanes(count, [&](std::int64_t at, std::int64_t many) {
    const Lanes power =
        exponential<BitLanes>((load_or(values + at, many, -kInfinity) - highest) / temperature);
    store_first(powers + at, power, many);
    low += widened<0>(power, kHalf);
    high += widened<kLanes / 2>(power, kHalf);
  });
  return added(added(0, low), high);
}

void softmax(std::int64_t query, std::int64_t open, std::int64_t keys, float scale, float slope,
             float* scores) {
  Lanes key = counting();
  Lanes high = broadcast(-kInfinity);
  for (std::int64_t at = 0; at < keys; at += kLanes, key += static_cast<float>(kLanes)) {
    const Lanes distance = key - static_cast<float>(query);
    const Lanes score = load(scores + at) * scale - slope * greater(distance, -distance);
    const Lanes masked = key < static_cast<float>(open) ? score : broadcast(-kInfinity);
    store(scores + at, masked);
    high = greater(masked, high);
  }
  const float largest = largest_of(high);
  Lanes sum = {};
  for (std::int64_t at = 0; at < keys; at += kLanes) {
    const Lanes power = exponential<BitLanes>(load(scores + at) - largest);
    store(scores + at, power);
    sum += power;
  }
  const float factor = 1.0F / sum_of(sum);
  for (std::int64_t at = 0; at < keys; at += kLanes) store(scores + at, load(scores + at) * factor);
}

}  // namespace

const SoftmaxLoops& softmax_loops() {
  static constexpr SoftmaxLoops kLoops{softmax, highest, exponentials};
  return kLoops;
}

}  // namespace qkv::kernels::QKV_LANES
