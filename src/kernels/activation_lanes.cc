#include "kernels/activation.h"
#include "kernels/gates.h"
#include "kernels/lanes.h"

namespace qkv::QKV_LANES {
namespace {

[[gnu::always_inline]] inline ValueAndSlope<float> relu(float x) {
  return {x > 0 ? x : 0, x > 0 ? 1.0F : 0.0F};
}

[[gnu::always_inline]] inline ValueAndSlope<float> relu2(float x) {
  const float positive = x > 0 ? x : 0;
  return {positive * positive, 2 * positive};
}

template <typename T, typename Function>
[[gnu::always_inline]] inline void each(std::int64_t count, T* in, T* hidden, Function function) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const ValueAndSlope<float> at = function(to_float(in[i]));
    assign(hidden[i], at.value);
    assign(in[i], at.slope);
  }
}

// Lambdas, since a function's address would hinder its being inlined.
template <typename T>
constexpr auto kGelu = [](float x) __attribute__((always_inline)) {
  if constexpr (sizeof(T) == 2) return gelu_coarse(x);
  return gelu<std::uint32_t>(x);
};
constexpr auto kSilu = [](float x) __attribute__((always_inline)) {
  return silu<std::uint32_t>(x);
};
constexpr auto kRelu = [](float x) __attribute__((always_inline)) { return relu(x); };
constexpr auto kRelu2 = [](float x) __attribute__((always_inline)) { return relu2(x); };

template <typename T>
void forward(HiddenActivation activation, std::int64_t rows, std::int64_t width, T* in, T* hidden) {
  const std::int64_t count = rows * width;
  switch (activation) {
    case HiddenActivation::kGelu:
      return each(count, in, hidden, kGelu<T>);
    case HiddenActivation::kRelu:
      return each(count, in, hidden, kRelu);
    case HiddenActivation::kRelu2:
      return each(count, in, hidden, kRelu2);
    case HiddenActivation::kSilu:
      return each(count, in, hidden, kSilu);
    case HiddenActivation::kSwiglu:
      break;
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    T* gate = in + 2 * row * width;
    T* up = gate + width;
    T* out = hidden + row * width;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) {
      const ValueAndSlope<float> open = silu<std::uint32_t>(to_float(gate[i]));
      const float passed = to_float(up[i]);
      assign(out[i], open.value * passed);
      assign(gate[i], open.slope * passed);
      assign(up[i], open.value);
    }
  }
}

template <typename T>
[[gnu::always_inline]] inline void multiply(std::int64_t count, const T* a, const T* b,
                                            T* product) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) assign(product[i], to_float(a[i]) * to_float(b[i]));
}

template <typename T>
void backward(HiddenActivation activation, std::int64_t rows, std::int64_t width, const T* slopes,
              const T* hidden_gradient, T* in_gradient) {
  if (activation != HiddenActivation::kSwiglu)
    return multiply(rows * width, hidden_gradient, slopes, in_gradient);
  for (std::int64_t half = 0; half < 2 * rows; ++half) {
    multiply(width, hidden_gradient + half / 2 * width, slopes + half * width,
             in_gradient + half * width);
  }
}

}  // namespace

template <typename T>
const ActivationLoops<T>& activation_loops() {
  static constexpr ActivationLoops<T> kLoops{forward<T>, backward<T>};
  return kLoops;
}
template const ActivationLoops<float>& activation_loops<float>();
template const ActivationLoops<Bfloat16>& activation_loops<Bfloat16>();

}  // namespace qkv::QKV_LANES
