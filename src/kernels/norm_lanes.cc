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

/// Normalises a row whose values have this sum.
template <typename In, typename T>
[[gnu::always_inline]] inline RowScale normalise(const NormShape& shape, bool centred, float total,
                                                 const In* values, T* out) {
  const std::int64_t width = shape.width;
  const float mean = centred ? total / static_cast<float>(width) : 0;
  Lanes squares{};
  for_lanes(
      width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
        const Lanes deviation = first_of(load_first(values + at, many) - mean, many);
        squares += deviation * deviation;
      });
  const float variance = sum_of(squares) / static_cast<float>(width);
  const float inverse = 1 / __builtin_sqrtf(variance + shape.epsilon);
  for_lanes(
      width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
        const Lanes standard = (load_first(values + at, many) - mean) * inverse;
        Lanes scaled = standard * load_first(shape.weight + at, many);
        if (shape.bias != nullptr) scaled += load_first(shape.bias + at, many);
        store_first(out + at, scaled, many);
      });
  return {mean, inverse};
}

template <typename In>
[[gnu::always_inline]] inline float total_of(const In* values, std::int64_t width) {
  Lanes total{};
  for_lanes(
      width, [&](std::int64_t at, std::int64_t many)
                 __attribute__((always_inline)) { total += load_first(values + at, many); });
  return sum_of(total);
}

template <typename T>
void forward(const NormShape& shape, const float* x, const float* added, Dropped dropped,
             float* sum, RowScale* scales, T* normed) {
  const std::int64_t width = shape.width;
  const bool centred = is_centred(shape.kind);
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const float* values = x + row * width;
    float total = 0;
    if (added == nullptr) {
      if (centred) total = total_of(values, width);
    } else {
      const float* more = added + row * width;
      float* into = sum + row * width;
      Lanes totals{};
      for_lanes(
          width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
            Lanes kept = load_first(more + at, many);
            if (dropped.threshold != 0) kept *= factor_lanes(dropped, row * width + at);
            const Lanes both = load_first(values + at, many) + kept;
            store_first(into + at, both, many);
            totals += both;
          });
      total = sum_of(totals);
      values = into;
    }
    const RowScale scale = normalise(shape, centred, total, values, normed + row * width);
    if (scales != nullptr) scales[row] = scale;
  }
}

/// With x̂ = (x − mean)·inverse and g = gradient of x̂: the gradient of x is
/// inverse · (g − mean(g) − x̂·mean(g·x̂)) (Ba et al. 2016), without mean(g) for rms. `into` may be
/// `given`.
template <typename In, typename T, typename Out>
[[gnu::always_inline]] inline void through_row(const NormShape& shape, bool centred, RowScale scale,
                                               const In* values, const T* given, bool fresh,
                                               Out* into, float* weight_gradient,
                                               float* bias_gradient) {
  const std::int64_t width = shape.width;
  Lanes sums{};
  Lanes products{};
  for_lanes(
      width, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
        const Lanes upstream = load_first(given + at, many);
        const Lanes standard = (load_first(values + at, many) - scale.mean) * scale.inverse;
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
        const Lanes standard = (load_first(values + at, many) - scale.mean) * scale.inverse;
        const Lanes g = load_first(given + at, many) * load_first(shape.weight + at, many);
        Lanes through = scale.inverse * (g - sum - standard * product);
        if (!fresh) through += load_first(into + at, many);
        store_first(into + at, through, many);
      });
}

template <typename T>
void backward(const NormShape& shape, const float* x, const RowScale* scales,
              const T* normed_gradient, bool fresh, float* gradient, float* weight_gradient,
              float* bias_gradient) {
  const std::int64_t width = shape.width;
  const bool centred = is_centred(shape.kind);
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    through_row(shape, centred, scales[row], x + row * width, normed_gradient + row * width, fresh,
                gradient + row * width, weight_gradient, bias_gradient);
  }
}

template <typename T>
void heads(const NormShape& shape, std::int64_t heads, std::int64_t stride, const T* x,
           RowScale* scales, T* y) {
  const bool centred = is_centred(shape.kind);
  for (std::int64_t row = 0; row < shape.rows; ++row)
    for (std::int64_t head = 0; head < heads; ++head) {
      const std::int64_t place = row * stride + head * shape.width;
      const float total = centred ? total_of(x + place, shape.width) : 0;
      const RowScale scale = normalise(shape, centred, total, x + place, y + place);
      if (scales != nullptr) scales[row * heads + head] = scale;
    }
}

template <typename T>
void heads_backward(const NormShape& shape, std::int64_t heads, std::int64_t stride, const T* x,
                    const RowScale* scales, T* gradient, float* weight_gradient) {
  const bool centred = is_centred(shape.kind);
  for (std::int64_t row = 0; row < shape.rows; ++row)
    for (std::int64_t head = 0; head < heads; ++head) {
      const std::int64_t place = row * stride + head * shape.width;
      through_row(shape, centred, scales[row * heads + head], x + place, gradient + place,
                  /*fresh=*/true, gradient + place, weight_gradient, nullptr);
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
  static constexpr NormLoops<T> kLoops{forward<T>, backward<T>, heads<T>, heads_backward<T>,
                                       branch<T>};
  return kLoops;
}
template const NormLoops<float>& norm_loops<float>();
template const NormLoops<Bfloat16>& norm_loops<Bfloat16>();

}  // namespace qkv::kernels::QKV_LANES
