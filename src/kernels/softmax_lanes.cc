#include "kernels/exponential.h"
#include "kernels/lanes.h"
#include "kernels/softmax.h"

namespace qkv::kernels::QKV_LANES {
namespace {

using Doubles __attribute__((vector_size(kLanes * sizeof(double)))) = double;

constexpr float kInfinity = __builtin_inff();

double total_of(const Doubles& doubles) {
  double sum = 0;
  for (std::int64_t at = 0; at < kLanes; ++at) sum += doubles[at];
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
  Doubles total = {};
  for_lanes(count, [&](std::int64_t at, std::int64_t many) {
    const Lanes power =
        exponential<BitLanes>((load_or(values + at, many, -kInfinity) - highest) / temperature);
    store_first(powers + at, power, many);
    total += __builtin_convertvector(power, Doubles);
  });
  return total_of(total);
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
