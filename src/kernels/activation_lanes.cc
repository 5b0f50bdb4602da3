#include "kernels/activation.h"
#include "kernels/gates.h"
#include "kernels/lanes.h"

namespace qkv::kernels::QKV_LANES {
namespace {

using Gate = ValueAndSlope<Lanes>;

[[gnu::always_inline]] inline Gate relu(Lanes x) {
  return {x > 0 ? x : Lanes{}, x > 0 ? broadcast(1) : Lanes{}};
}

[[gnu::always_inline]] inline Gate relu2(Lanes x) {
  const Lanes positive = x > 0 ? x : Lanes{};
  return {positive * positive, 2 * positive};
}

// Lambdas, since the address of a function would prevent inlining.
template <typename T>
constexpr auto kGelu = [](Lanes x) __attribute__((always_inline)) {
  if constexpr (sizeof(T) == 2) return gelu_coarse(x);
  return gelu<BitLanes>(x);
};
constexpr auto kSilu = [](Lanes x) __attribute__((always_inline)) { return silu<BitLanes>(x); };
constexpr auto kRelu = [](Lanes x) __attribute__((always_inline)) { return relu(x); };
constexpr auto kRelu2 = [](Lanes x) __attribute__((always_inline)) { return relu2(x); };

template <typename T, typename Function>
[[gnu::always_inline]] inline void each(std::int64_t count, T* in, T* hidden, Function function) {
  for_lanes(
      count, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
        const Gate gate = function(load_first(in + at, many));
        store_first(hidden + at, gate.value, many);
        store_first(in + at, gate.slope, many);
      });
}

/// silu(gate) · up, and the slopes of both.
template <typename T>
[[gnu::always_inline]] inline void gated(std::int64_t rows, std::int64_t width, T* in, T* hidden) {
  for (std::int64_t row = 0; row < rows; ++row) {
    T* gate = in + 2 * row * width;
    T* up = gate + width;
    T* out = hidden + row * width;
    for_lanes(
        width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
          const Gate open = kSilu(load_first(gate + at, many));
          const Lanes passed = load_first(up + at, many);
          store_first(out + at, open.value * passed, many);
          store_first(gate + at, open.slope * passed, many);
          store_first(up + at, open.value, many);
        });
  }
}

/// use(function) for an activation that takes one number; nothing for the others.
template <typename T, typename Use>
[[gnu::always_inline]] inline void with_function(spec::Activation activation, Use use) {
  switch (activation) {
    case spec::Activation::kGelu:
      return use(kGelu<T>);
    case spec::Activation::kRelu:
      return use(kRelu);
    case spec::Activation::kRelu2:
      return use(kRelu2);
    case spec::Activation::kSilu:
      return use(kSilu);
    case spec::Activation::kSwiglu:
    case spec::Activation::kNone:
      return;
  }
}

template <typename T>
void forward(spec::Activation activation, std::int64_t rows, std::int64_t width, T* in, T* hidden) {
  if (activation == spec::Activation::kSwiglu) return gated(rows, width, in, hidden);
  with_function<T>(
      activation, [&](auto function)
                      __attribute__((always_inline)) { each(rows * width, in, hidden, function); });
}

template <typename T>
void apply(spec::Activation activation, std::int64_t count, T* x) {
  with_function<T>(
      activation, [&](auto function) __attribute__((always_inline)) {
        for_lanes(
            count, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
              store_first(x + at, function(load_first(x + at, many)).value, many);
            });
      });
}

template <typename T>
void gate(std::int64_t count, const T* gate, T* x) {
  for_lanes(
      count, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
        store_first(x + at, kSilu(load_first(gate + at, many)).value * load_first(x + at, many),
                    many);
      });
}

template <typename T>
[[gnu::always_inline]] inline void multiply(std::int64_t count, const T* a, const T* b,
                                            T* product) {
  for_lanes(
      count, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
        store_first(product + at, load_first(a + at, many) * load_first(b + at, many), many);
      });
}

template <typename T>
void backward(spec::Activation activation, std::int64_t rows, std::int64_t width, const T* slopes,
              const T* hidden_gradient, T* in_gradient) {
  if (activation != spec::Activation::kSwiglu)
    return multiply(rows * width, hidden_gradient, slopes, in_gradient);
  for (std::int64_t half = 0; half < 2 * rows; ++half) {
    multiply(width, hidden_gradient + half / 2 * width, slopes + half * width,
             in_gradient + half * width);
  }
}

}  // namespace

template <typename T>
const ActivationLoops<T>& activation_loops() {
  static constexpr ActivationLoops<T> kLoops{forward<T>, backward<T>, apply<T>, gate<T>};
  return kLoops;
}
template const ActivationLoops<float>& activation_loops<float>();
template const ActivationLoops<Bfloat16>& activation_loops<Bfloat16>();

}  // namespace qkv::kernels::QKV_LANES
