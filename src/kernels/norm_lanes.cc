#include "kernels/dropped_lanes.h"
#include "kernels/lanes.h"
#include "kernels/norm.h"

namespace qkv::kernels::QKV_LANES {
namespace {

/// Whether the mean of a row is subtracted.
bool is_centred(spec::Norm kind) {
  switch (kind) {
    case spec::Norm::kLayer:
      return true;
    case spec::Norm::kRms:
      return false;
  }
  return false;
}

template <typename T>
void forward(const NormShape& shape, const float* x, const float* added, Dropped dropped,
             float* sum, RowScale* scales, T* normed) {
  const std::int64_t width = shape.width;
  const bool centred = is_centred(shape.kind);
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const float* values = x + row * width;
    Lanes total{};
    if (added == nullptr) {
      for_lanes(
          width, [&](std::int64_t at, std::int64_t many)
                     __attribute__((always_inline)) { total += load_first(values + at, many); });
    } else {
      const float* more = added + row * width;
      float* into = sum + row * width;
      for_lanes(
          width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
            Lanes kept = load_first(more + at, many);
            if (dropped.threshold != 0) kept *= factor_lanes(dropped, row * width + at);
            const Lanes both = load_first(values + at, many) + kept;
            store_first(into + at, both, many);
            total += both;
          });
      values = into;
    }
    const float mean = centred ? sum_of(total) / static_cast<float>(width) : 0;
    Lanes squares{};
    for_lanes(
        width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
          const Lanes deviation = first_of(load_first(values + at, many) - mean, many);
          squares += deviation * deviation;
        });
    const float variance = sum_of(squares) / static_cast<float>(width);
    const float inverse = 1 / __builtin_sqrtf(variance + shape.epsilon);
    if (scales != nullptr) scales[row] = {mean, inverse};
    T* out = normed + row * width;
    for_lanes(
        width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
          const Lanes standard = (load_first(values + at, many) - mean) * inverse;
          Lanes scaled = standard * load_first(shape.weight + at, many);
          if (shape.bias != nullptr) scaled += load_first(shape.bias + at, many);
          store_first(out + at, scaled, many);
        });
  }
}

/// With x̂ = (x − mean)·inverse and g = gradient of x̂: the gradient of x is
/// inverse · (g − mean(g) − x̂·mean(g·x̂)) (Ba et al. 2016), without mean(g) for rms.
template <typename T>
void backward(const NormShape& shape, const float* x, const RowScale* scales,
              const T* normed_gradient, bool fresh, float* gradient, float* weight_gradient,
              float* bias_gradient) {
  const std::int64_t width = shape.width;
  const bool centred = is_centred(shape.kind);
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const float* values = x + row * width;
    const T* given = normed_gradient + row * width;
    float* into = gradient + row * width;
    const float mean = scales[row].mean;
    const float inverse = scales[row].inverse;
    Lanes sums{};
    Lanes products{};
    for_lanes(
        width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
          const Lanes upstream = load_first(given + at, many);
          const Lanes standard = (load_first(values + at, many) - mean) * inverse;
          const Lanes g = upstream * load_first(shape.weight + at, many);
          sums += g;
          products += g * standard;
          store_first(weight_gradient + at,
                      load_first(weight_gradient + at, many) + upstream * standard, many);
          if (bias_gradient == nullptr) return;
          store_first(bias_gradient + at, load_first(bias_gradient + at, many) + upstream, many);
        });
    const float sum = centred ? sum_of(sums) / static_cast<float>(width) : 0;
    const float product = sum_of(products) / static_cast<float>(width);
    for_lanes(
        width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
          const Lanes standard = (load_first(values + at, many) - mean) * inverse;
          const Lanes g = load_first(given + at, many) * load_first(shape.weight + at, many);
          Lanes through = inverse * (g - sum - standard * product);
          if (!fresh) through += load_first(into + at, many);
          store_first(into + at, through, many);
        });
  }
}

template <typename T>
void branch(std::int64_t count, const float* gradient, Dropped dropped, T* branch) {
  for_lanes(
      count, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
        Lanes kept = load_first(gradient + at, many);
        if (dropped.threshold != 0) kept *= factor_lanes(dropped, at);
        store_first(branch + at, kept, many);
      });
}

}  // namespace

template <typename T>
const NormLoops<T>& norm_loops() {
  static constexpr NormLoops<T> kLoops{forward<T>, backward<T>, branch<T>};
  return kLoops;
}
template const NormLoops<float>& norm_loops<float>();
template const NormLoops<Bfloat16>& norm_loops<Bfloat16>();

}  // namespace qkv::kernels::QKV_LANES
