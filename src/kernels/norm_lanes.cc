#include "kernels/convert.h"
#include "kernels/lanes.h"
#include "kernels/norm.h"

namespace qkv::QKV_LANES {
namespace {

template <typename T>
void forward(const NormShape& shape, const float* x, const float* added, Dropped dropped,
             float* sum, RowScale* scales, T* normed) {
  const std::int64_t width = shape.width;
  const float* weight = shape.weight;
  const float* bias = shape.bias;
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const float* values = x + row * width;
    if (added != nullptr) {
      const float* more = added + row * width;
      float* into = sum + row * width;
      if (dropped.threshold == 0) {
#pragma omp simd
        for (std::int64_t i = 0; i < width; ++i) into[i] = values[i] + more[i];
      } else {
        const auto first = static_cast<std::uint32_t>(row * width);
#pragma omp simd
        for (std::int64_t i = 0; i < width; ++i)
          into[i] = values[i] + more[i] * factor(dropped, first + static_cast<std::uint32_t>(i));
      }
      values = into;
    }
    float mean = 0;
    if (!shape.rms) {
#pragma omp simd reduction(+ : mean)
      for (std::int64_t i = 0; i < width; ++i) mean += values[i];
      mean /= static_cast<float>(width);
    }
    float square = 0;
#pragma omp simd reduction(+ : square)
    for (std::int64_t i = 0; i < width; ++i) {
      const float centred = values[i] - mean;
      square += centred * centred;
    }
    const float inverse = 1 / __builtin_sqrtf(square / static_cast<float>(width) + shape.epsilon);
    scales[row] = {mean, inverse};
    T* out = normed + row * width;
    if (bias == nullptr) {
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i)
        put(out[i], (values[i] - mean) * inverse * weight[i]);
      continue;
    }
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i)
      put(out[i], (values[i] - mean) * inverse * weight[i] + bias[i]);
  }
}

/// With x̂ = (x − mean)·inverse and g = gradient of x̂: the gradient of x is
/// inverse · (g − mean(g) − x̂·mean(g·x̂)) (Ba et al. 2016), without mean(g) for rms.
template <typename T>
void backward(const NormShape& shape, const float* x, const RowScale* scales,
              const T* normed_gradient, bool fresh, float* gradient, float* weight_gradient,
              float* bias_gradient) {
  const std::int64_t width = shape.width;
  const float* weight = shape.weight;
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const float* values = x + row * width;
    const T* given = normed_gradient + row * width;
    float* into = gradient + row * width;
    const float mean = scales[row].mean;
    const float inverse = scales[row].inverse;
    float sum = 0;
    float product = 0;
#pragma omp simd reduction(+ : sum, product)
    for (std::int64_t i = 0; i < width; ++i) {
      const float upstream = to_float(given[i]);
      const float standard = (values[i] - mean) * inverse;
      const float g = upstream * weight[i];
      sum += g;
      product += g * standard;
      weight_gradient[i] += upstream * standard;
    }
    if (bias_gradient != nullptr) {
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) bias_gradient[i] += to_float(given[i]);
    }
    sum = shape.rms ? 0 : sum / static_cast<float>(width);
    product /= static_cast<float>(width);
    const float before = fresh ? 0.0F : 1.0F;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) {
      const float standard = (values[i] - mean) * inverse;
      const float g = to_float(given[i]) * weight[i];
      into[i] = before * into[i] + inverse * (g - sum - standard * product);
    }
  }
}

template <typename T>
void branch(std::int64_t count, const float* gradient, Dropped dropped, T* branch) {
  if (dropped.threshold == 0) {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) put(branch[i], gradient[i]);
    return;
  }
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i)
    put(branch[i], gradient[i] * factor(dropped, static_cast<std::uint32_t>(i)));
}

}  // namespace

template <typename T>
const NormLoops<T>& norm_loops() {
  static constexpr NormLoops<T> kLoops{forward<T>, backward<T>, branch<T>};
  return kLoops;
}
template const NormLoops<float>& norm_loops<float>();
template const NormLoops<Bfloat16>& norm_loops<Bfloat16>();

}  // namespace qkv::QKV_LANES
