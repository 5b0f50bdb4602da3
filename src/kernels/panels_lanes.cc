#include "kernels/lanes.h"
#include "kernels/panels.h"

namespace qkv::kernels::QKV_LANES {
namespace {

#if defined(__AVX512F__)
constexpr int kPanelsAtOnce = 4;  // 6 × 4 sums in 32 registers
#elif defined(__AVX2__)
constexpr int kPanelsAtOnce = 2;  // 6 × 2 sums in 16 registers
#else
constexpr int kPanelsAtOnce = 2;
#endif
constexpr int kRowsAtOnce = 6;

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

}  // namespace

const PanelLoops& panel_loops() {
  static constexpr PanelLoops kLoops{kLanes, multiply};
  return kLoops;
}

}  // namespace qkv::kernels::QKV_LANES
