#include "engine/arithmetic.h"
#include "kernels/gates.h"
#include "kernels/lanes.h"

namespace qkv::engine::QKV_LANES {

using namespace kernels::QKV_LANES;  // vectors and loops over them
namespace {

#if defined(__AVX512F__)
constexpr const char* kProcessor = "avx512";
constexpr int kPanelsAtOnce = 4;  // 6 × 4 sums in 32 registers
#elif defined(__AVX2__)
constexpr const char* kProcessor = "avx2";
constexpr int kPanelsAtOnce = 2;  // 6 × 2 sums in 16 registers
#else
constexpr const char* kProcessor = "any";
constexpr int kPanelsAtOnce = 2;
#endif
constexpr int kRowsAtOnce = 6;

using Doubles __attribute__((vector_size(kLanes * sizeof(double)))) = double;

constexpr float kInfinity = __builtin_inff();

/// The first `many` ≤ kLanes numbers; the other lanes are `rest`.
Lanes load_or(const float* from, std::int64_t many, float rest) {
  if (many == kLanes) return load(from);
  Lanes lanes = broadcast(rest);
  __builtin_memcpy(&lanes, from, static_cast<std::size_t>(many) * sizeof(float));
  return lanes;
}

double total_of(const Doubles& doubles) {
  double sum = 0;
  for (std::int64_t at = 0; at < kLanes; ++at) sum += doubles[at];
  return sum;
}

/// values = function(values)
template <typename Function>
void replace_each(float* values, std::int64_t count, Function function) {
  for_lanes(count, [&](std::int64_t at, std::int64_t many) {
    store_first(values + at, function(load_or(values + at, many, 0)), many);
  });
}

[[gnu::always_inline]] inline Lanes silu_of(Lanes x) { return kernels::silu<BitLanes>(x).value; }

/// Writes the sums of one panel and row to y.
[[gnu::always_inline]] inline void put(Lanes sum, const Panels& matrix, std::int64_t panel,
                                       float* y, bool add) {
  const std::int64_t first = panel * kLanes;
  const std::int64_t left = matrix.outputs - first;
  const std::int64_t many = left < kLanes ? left : kLanes;
  if (matrix.bias != nullptr) sum += load_or(matrix.bias + first, many, 0);
  if (add) sum += load_or(y + first, many, 0);
  store_first(y + first, sum, many);
}

/// One row: memory is the limit, so panels are read one after the other, from beginning to end.
void multiply_row(const Panels& matrix, std::int64_t begin, std::int64_t end, const float* x,
                  float* y, bool add) {
  constexpr int kSums = 8;  // as many as can be computed at once
  for (std::int64_t panel = begin; panel < end; ++panel) {
    const float* weights = matrix.values + panel * matrix.stride;
    Lanes sum[kSums] = {};
    std::int64_t input = 0;
    for (; input + kSums <= matrix.inputs; input += kSums, weights += kSums * kLanes) {
#pragma GCC unroll 8
      for (int at = 0; at < kSums; ++at) sum[at] += load(weights + at * kLanes) * x[input + at];
    }
    for (; input < matrix.inputs; ++input, weights += kLanes) sum[0] += load(weights) * x[input];
    put(((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7])), matrix,
        panel, y, add);
  }
}

/// kRows rows and kPanels panels: each loaded weight serves all rows, each x all panels.
template <int kRows, int kPanels>
void multiply_tile(const Panels& matrix, std::int64_t panel, Rows x, MutableRows y, bool add) {
  const float* weights = matrix.values + panel * matrix.stride;
  Lanes sum[kRows][kPanels] = {};
  for (std::int64_t input = 0; input < matrix.inputs; ++input, weights += kLanes) {
    Lanes weight[kPanels];
#pragma GCC unroll 4
    for (int at = 0; at < kPanels; ++at) weight[at] = load(weights + at * matrix.stride);
#pragma GCC unroll 6
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 4
      for (int at = 0; at < kPanels; ++at)
        sum[row][at] += weight[at] * x.values[row * x.stride + input];
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 4
    for (int at = 0; at < kPanels; ++at)
      put(sum[row][at], matrix, panel + at, y.values + row * y.stride, add);
  }
}

template <int kPanels>
void multiply_rows(const Panels& matrix, std::int64_t panel, Rows x, MutableRows y, bool add) {
  for (; x.count >= kRowsAtOnce; x.count -= kRowsAtOnce) {
    multiply_tile<kRowsAtOnce, kPanels>(matrix, panel, x, y, add);
    x.values += kRowsAtOnce * x.stride;
    y.values += kRowsAtOnce * y.stride;
  }
  if (x.count == 5) multiply_tile<5, kPanels>(matrix, panel, x, y, add);
  if (x.count == 4) multiply_tile<4, kPanels>(matrix, panel, x, y, add);
  if (x.count == 3) multiply_tile<3, kPanels>(matrix, panel, x, y, add);
  if (x.count == 2) multiply_tile<2, kPanels>(matrix, panel, x, y, add);
  if (x.count == 1) multiply_tile<1, kPanels>(matrix, panel, x, y, add);
}

void multiply(const Panels& matrix, std::int64_t begin, std::int64_t end, Rows x, MutableRows y,
              bool add) {
  if (x.count == 1) return multiply_row(matrix, begin, end, x.values, y.values, add);
  std::int64_t panel = begin;
  for (; panel + kPanelsAtOnce <= end; panel += kPanelsAtOnce)
    multiply_rows<kPanelsAtOnce>(matrix, panel, x, y, add);
  for (; panel + 2 <= end; panel += 2) multiply_rows<2>(matrix, panel, x, y, add);
  for (; panel < end; ++panel) multiply_rows<1>(matrix, panel, x, y, add);
}

void normalise(const NormWeights& norm, std::int64_t width, const float* x, float* y) {
  const auto mean_of = [&](float rest, auto function) {
    Lanes sum = {};
    for_lanes(width, [&](std::int64_t at, std::int64_t many) {
      sum += function(load_or(x + at, many, rest));
    });
    return sum_of(sum) / static_cast<float>(width);
  };
  float mean = 0;
  switch (norm.kind) {
    case spec::Norm::kLayer:
      mean = mean_of(0, [](Lanes lanes) { return lanes; });
      break;
    case spec::Norm::kRms:
      break;
  }
  const float square = mean_of(mean, [&](Lanes lanes) { return (lanes - mean) * (lanes - mean); });
  const float factor = 1.0F / __builtin_sqrtf(square + norm.epsilon);
  for_lanes(width, [&](std::int64_t at, std::int64_t many) {
    Lanes lanes = (load_or(x + at, many, 0) - mean) * factor * load_or(norm.weight + at, many, 0);
    if (norm.bias != nullptr) lanes += load_or(norm.bias + at, many, 0);
    store_first(y + at, lanes, many);
  });
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
    const Lanes power = kernels::exponential<BitLanes>(
        (load_or(values + at, many, -kInfinity) - highest) / temperature);
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
    const Lanes power = kernels::exponential<BitLanes>(load(scores + at) - largest);
    store(scores + at, power);
    sum += power;
  }
  const float factor = 1.0F / sum_of(sum);
  for (std::int64_t at = 0; at < keys; at += kLanes) store(scores + at, load(scores + at) * factor);
}

void activate(spec::Activation activation, std::int64_t count, float* x) {
  const auto relu = [](Lanes lanes) { return greater(lanes, Lanes{}); };
  switch (activation) {
    case spec::Activation::kGelu:
      return replace_each(x, count,
                          [](Lanes lanes) { return kernels::gelu<BitLanes>(lanes).value; });
    case spec::Activation::kRelu:
      return replace_each(x, count, relu);
    case spec::Activation::kRelu2:
      return replace_each(x, count, [&](Lanes lanes) { return relu(lanes) * relu(lanes); });
    case spec::Activation::kSilu:
      return replace_each(x, count, [](Lanes lanes) { return silu_of(lanes); });
    case spec::Activation::kSwiglu:
    case spec::Activation::kNone:
      return;
  }
}

void gate(std::int64_t count, const float* gate, float* x) {
  for_lanes(count, [&](std::int64_t at, std::int64_t many) {
    store_first(x + at, silu_of(load_or(gate + at, many, 0)) * load_or(x + at, many, 0), many);
  });
}

Lanes sigmoid_of(Lanes x) { return 1.0F / (1.0F + kernels::exponential<BitLanes>(-x)); }

Lanes tanh_of(Lanes x) { return 1.0F - 2.0F / (1.0F + kernels::exponential<BitLanes>(2.0F * x)); }

void lstm(std::int64_t hidden, const float* from_input, const float* from_state, float* cell,
          float* h) {
  for_lanes(hidden, [&](std::int64_t at, std::int64_t many) {
    const auto sum = [&](std::int64_t gate) {
      return load_or(from_input + gate * hidden + at, many, 0) +
             load_or(from_state + gate * hidden + at, many, 0);
    };
    const Lanes next =
        sigmoid_of(sum(1)) * load_or(cell + at, many, 0) + sigmoid_of(sum(0)) * tanh_of(sum(2));
    store_first(cell + at, next, many);
    store_first(h + at, sigmoid_of(sum(3)) * tanh_of(next), many);
  });
}

void gru(std::int64_t hidden, const float* from_input, const float* from_state, float* h) {
  for_lanes(hidden, [&](std::int64_t at, std::int64_t many) {
    const auto input = [&](std::int64_t gate) {
      return load_or(from_input + gate * hidden + at, many, 0);
    };
    const auto state = [&](std::int64_t gate) {
      return load_or(from_state + gate * hidden + at, many, 0);
    };
    const Lanes update = sigmoid_of(input(1) + state(1));
    const Lanes next = tanh_of(input(2) + sigmoid_of(input(0) + state(0)) * state(2));
    store_first(h + at, next + update * (load_or(h + at, many, 0) - next), many);
  });
}

}  // namespace

const Arithmetic& arithmetic() {
  static constexpr Arithmetic kArithmetic = {.processor = kProcessor,
                                             .lanes = kLanes,
                                             .multiply = multiply,
                                             .normalise = normalise,
                                             .softmax = softmax,
                                             .activate = activate,
                                             .gate = gate,
                                             .lstm = lstm,
                                             .gru = gru,
                                             .highest = highest,
                                             .exponentials = exponentials};
  return kArithmetic;
}

}  // namespace qkv::engine::QKV_LANES
