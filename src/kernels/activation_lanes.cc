#include "kernels/activation.h"
#include "kernels/convert.h"
#include "kernels/exponential.h"
#include "kernels/lanes.h"

namespace qkv::QKV_LANES {
namespace {

struct ValueAndSlope {
  float value;
  float slope;
};

/// x·Φ(x) and Φ(x) + x·φ(x), where Φ is the normal distribution: its tail by Hastings's
/// approximation (Abramowitz and Stegun 1964, 7.1.26; error of erf below 1.5e-7).
[[gnu::always_inline]] inline ValueAndSlope gelu(float x) {
  const float t = 1 / (1 + 0.3275911F * 0.70710678F * __builtin_fabsf(x));
  const float bell = exponential(-0.5F * x * x);
  float tail = 1.061405429F * t - 1.453152027F;
  tail = tail * t + 1.421413741F;
  tail = tail * t - 0.284496736F;
  tail = tail * t + 0.254829592F;
  tail = 0.5F * tail * t * bell;
  const float phi = x < 0 ? tail : 1 - tail;
  return {x * phi, phi + x * 0.39894228F * bell};
}

[[gnu::always_inline]] inline ValueAndSlope silu(float x) {
  const float sigmoid = 1 / (1 + exponential(-x));
  return {x * sigmoid, sigmoid * (1 + x * (1 - sigmoid))};
}

[[gnu::always_inline]] inline ValueAndSlope relu(float x) {
  return {x > 0 ? x : 0, x > 0 ? 1.0F : 0.0F};
}

[[gnu::always_inline]] inline ValueAndSlope relu2(float x) {
  const float positive = x > 0 ? x : 0;
  return {positive * positive, 2 * positive};
}

template <typename T, typename Function>
[[gnu::always_inline]] inline void values(std::int64_t count, const T* in, T* hidden,
                                          Function function) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) put(hidden[i], function(to_float(in[i])).value);
}

template <typename T, typename Function>
[[gnu::always_inline]] inline void slopes(std::int64_t count, const T* in, const T* hidden_gradient,
                                          T* in_gradient, Function function) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i)
    put(in_gradient[i], to_float(hidden_gradient[i]) * function(to_float(in[i])).slope);
}

// Lambdas, since a function's address would hinder its being inlined.
constexpr auto kGelu = [](float x) __attribute__((always_inline)) { return gelu(x); };
constexpr auto kSilu = [](float x) __attribute__((always_inline)) { return silu(x); };
constexpr auto kRelu = [](float x) __attribute__((always_inline)) { return relu(x); };
constexpr auto kRelu2 = [](float x) __attribute__((always_inline)) { return relu2(x); };

template <typename T>
void forward(HiddenActivation activation, std::int64_t rows, std::int64_t width, const T* in,
             T* hidden) {
  const std::int64_t count = rows * width;
  switch (activation) {
    case HiddenActivation::kGelu:
      return values(count, in, hidden, kGelu);
    case HiddenActivation::kRelu:
      return values(count, in, hidden, kRelu);
    case HiddenActivation::kRelu2:
      return values(count, in, hidden, kRelu2);
    case HiddenActivation::kSilu:
      return values(count, in, hidden, kSilu);
    case HiddenActivation::kSwiglu:
      break;
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* gate = in + 2 * row * width;
    const T* up = gate + width;
    T* out = hidden + row * width;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i)
      put(out[i], silu(to_float(gate[i])).value * to_float(up[i]));
  }
}

template <typename T>
void backward(HiddenActivation activation, std::int64_t rows, std::int64_t width, const T* in,
              const T* hidden_gradient, T* in_gradient) {
  const std::int64_t count = rows * width;
  switch (activation) {
    case HiddenActivation::kGelu:
      return slopes(count, in, hidden_gradient, in_gradient, kGelu);
    case HiddenActivation::kRelu:
      return slopes(count, in, hidden_gradient, in_gradient, kRelu);
    case HiddenActivation::kRelu2:
      return slopes(count, in, hidden_gradient, in_gradient, kRelu2);
    case HiddenActivation::kSilu:
      return slopes(count, in, hidden_gradient, in_gradient, kSilu);
    case HiddenActivation::kSwiglu:
      break;
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* gate = in + 2 * row * width;
    const T* up = gate + width;
    const T* given = hidden_gradient + row * width;
    T* gate_gradient = in_gradient + 2 * row * width;
    T* up_gradient = gate_gradient + width;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) {
      const ValueAndSlope open = silu(to_float(gate[i]));
      const float upstream = to_float(given[i]);
      put(gate_gradient[i], upstream * to_float(up[i]) * open.slope);
      put(up_gradient[i], upstream * open.value);
    }
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
