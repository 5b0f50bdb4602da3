#include "kernels/lanes.h"
#include "kernels/update_loops.h"

namespace qkv::kernels::QKV_LANES {
namespace {

double sum(std::int64_t count, const float* const* parts, std::int64_t parts_count, float* total) {
  // Blocks short enough for the nearest cache, and for squaring in float32.
  constexpr std::int64_t kBlock = 1024;
  double squares = 0;
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t size = count - begin < kBlock ? count - begin : kBlock;
    float* into = total + begin;
    const float* first = parts[0] + begin;
    if (parts_count == 1) {
#pragma omp simd
      for (std::int64_t i = 0; i < size; ++i) into[i] = first[i];
    } else {
      const float* second = parts[1] + begin;
#pragma omp simd
      for (std::int64_t i = 0; i < size; ++i) into[i] = first[i] + second[i];
    }
    for (std::int64_t part = 2; part < parts_count; ++part) {
      const float* more = parts[part] + begin;
#pragma omp simd
      for (std::int64_t i = 0; i < size; ++i) into[i] += more[i];
    }
    float square = 0;
#pragma omp simd reduction(+ : square)
    for (std::int64_t i = 0; i < size; ++i) square += into[i] * into[i];
    squares += static_cast<double>(square);
  }
  return squares;
}

void adamw(std::int64_t count, const AdamwPass& pass, const float* gradient, float* first,
           float* second, float* weight) {
  const AdamwPass p = pass;
  const float step = p.learning_rate / p.correction1;
  const float root = 1 / __builtin_sqrtf(p.correction2);
  const float keep = 1 - p.learning_rate * p.weight_decay;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] * p.gradient_scale;
    const float m = p.beta1 * first[i] + p.fresh1 * g;
    const float v = p.beta2 * second[i] + p.fresh2 * g * g;
    first[i] = m;
    second[i] = v;
    weight[i] = weight[i] * keep - step * m / (__builtin_sqrtf(v) * root + p.epsilon);
  }
}

double momentum(std::int64_t count, float mu, float scale, const float* gradient, float* first,
                float* direction) {
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = scale * gradient[i];
    first[i] = mu * first[i] + (1 - mu) * g;
    direction[i] = (1 - mu) * g + mu * first[i];
    squares += direction[i] * direction[i];
  }
  return static_cast<double>(squares);
}

void combine(std::int64_t count, float a, const float* x, float b, const float* y, float* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) out[i] = a * x[i] + b * y[i];
}

void round(std::int64_t count, const float* weight, Bfloat16* rounded) {
  for_lanes(
      count, [&](std::int64_t at, std::int64_t many) __attribute__((always_inline)) {
        store_first(rounded + at, load_first(weight + at, many), many);
      });
}

}  // namespace

const UpdateLoops& update_loops() {
  static constexpr UpdateLoops kLoops{sum, adamw, momentum, combine, round};
  return kLoops;
}

}  // namespace qkv::kernels::QKV_LANES
