#include "kernels/exponential.h"
#include "kernels/lanes.h"
#include "kernels/token_loops.h"

namespace qkv::kernels::QKV_LANES {
namespace {

void embed(const Lookup& lookup, const float* table, const float* places, Dropped dropped,
           float* x) {
  const std::int64_t width = lookup.width;
  for (std::int64_t row = 0; row < lookup.rows; ++row) {
    const float* word = table + lookup.ids[row] * width;
    float* out = x + row * width;
    if (places != nullptr) {
      const float* place = places + lookup.positions[row] * width;
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) out[i] = word[i] + place[i];
    } else {
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) out[i] = word[i];
    }
    if (dropped.threshold != 0) {
      const auto first = static_cast<std::uint32_t>(row * width);
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i)
        out[i] *= factor<float>(dropped, first + static_cast<std::uint32_t>(i));
    }
  }
}

void embed_backward(const Lookup& lookup, const float* gradient, Dropped dropped, float* table,
                    float* places) {
  const std::int64_t width = lookup.width;
  for (std::int64_t row = 0; row < lookup.rows; ++row) {
    const float* given = gradient + row * width;
    float* word = table + lookup.ids[row] * width;
    float* place = places == nullptr ? nullptr : places + lookup.positions[row] * width;
    const auto first = static_cast<std::uint32_t>(row * width);
    if (dropped.threshold != 0) {
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i)
        word[i] += given[i] * factor<float>(dropped, first + static_cast<std::uint32_t>(i));
      if (place == nullptr) continue;
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i)
        place[i] += given[i] * factor<float>(dropped, first + static_cast<std::uint32_t>(i));
    } else {
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) word[i] += given[i];
      if (place == nullptr) continue;
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) place[i] += given[i];
    }
  }
}

template <typename T>
void rotate(std::int64_t rows, std::int64_t stride, std::int64_t heads, std::int64_t head_width,
            const std::int32_t* positions, const float* cosine, const float* sine, float sign,
            T* x) {
  const std::int64_t half = head_width / 2;
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* c = cosine + positions[row] * half;
    const float* s = sine + positions[row] * half;
    for (std::int64_t head = 0; head < heads; ++head) {
      T* left = x + row * stride + head * head_width;
      T* right = left + half;
#pragma omp simd
      for (std::int64_t i = 0; i < half; ++i) {
        const float a = to_float(left[i]);
        const float b = to_float(right[i]);
        assign(left[i], a * c[i] - sign * b * s[i]);
        assign(right[i], b * c[i] + sign * a * s[i]);
      }
    }
  }
}

template <typename T>
void mix(const MixShape& shape, const float* mix, const T* x, const T* first, T* y) {
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const T* own = x + row * shape.stride;
    const T* other = first + row * shape.first_stride;
    T* out = y + row * shape.stride;
#pragma omp simd
    for (std::int64_t i = 0; i < shape.width; ++i)
      assign(out[i], mix[0] * to_float(own[i]) + mix[1] * to_float(other[i]));
  }
}

template <typename T>
void mix_backward(const MixShape& shape, const float* mix, const T* x, const T* first, T* gradient,
                  float* first_gradient, float* mix_gradient) {
  double of_own = 0;
  double of_first = 0;
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const T* own = x + row * shape.stride;
    const T* other = first + row * shape.first_stride;
    T* given = gradient + row * shape.stride;
    float* into = first_gradient + row * shape.width;
    float own_sum = 0;
    float first_sum = 0;
#pragma omp simd reduction(+ : own_sum, first_sum)
    for (std::int64_t i = 0; i < shape.width; ++i) {
      const float g = to_float(given[i]);
      own_sum += g * to_float(own[i]);
      first_sum += g * to_float(other[i]);
      into[i] += mix[1] * g;
      assign(given[i], mix[0] * g);
    }
    of_own += static_cast<double>(own_sum);
    of_first += static_cast<double>(first_sum);
  }
  mix_gradient[0] += static_cast<float>(of_own);
  mix_gradient[1] += static_cast<float>(of_first);
}

template <typename T>
void add(std::int64_t rows, std::int64_t width, std::int64_t stride, const float* more, T* x) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* from = more + row * width;
    T* out = x + row * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) assign(out[i], to_float(out[i]) + from[i]);
  }
}

template <typename T>
void add_bias(std::int64_t rows, std::int64_t width, const float* bias, T* x) {
  for (std::int64_t row = 0; row < rows; ++row) {
    T* out = x + row * width;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) assign(out[i], to_float(out[i]) + bias[i]);
  }
}

template <typename T>
void add_columns(std::int64_t rows, std::int64_t width, const T* x, float* sums) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* in = x + row * width;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) sums[i] += to_float(in[i]);
  }
}

template <typename T>
double cross_entropy(std::int64_t rows, std::int64_t vocabulary, std::int64_t stride,
                     const float* logits, const std::int32_t* targets, float scale, T* gradient) {
  double nats = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* scores = logits + row * stride;
    T* out = gradient + row * stride;
    for (std::int64_t i = vocabulary; i < stride; ++i) assign(out[i], 0);
    const std::int32_t target = targets[row];
    if (target < 0) {
      for (std::int64_t i = 0; i < vocabulary; ++i) assign(out[i], 0);
      continue;
    }
    float highest = scores[0];
#pragma omp simd reduction(max : highest)
    for (std::int64_t i = 0; i < vocabulary; ++i)
      highest = scores[i] > highest ? scores[i] : highest;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = 0; i < vocabulary; ++i) sum += exponential(scores[i] - highest);
    nats += static_cast<double>(highest - scores[target]) + static_cast<double>(logarithm(sum));
    const float factor = scale / sum;
#pragma omp simd
    for (std::int64_t i = 0; i < vocabulary; ++i)
      assign(out[i], factor * exponential(scores[i] - highest));
    assign(out[target], factor * exponential(scores[target] - highest) - scale);
  }
  return nats;
}

}  // namespace

template <typename T>
const TokenLoops<T>& token_loops() {
  static constexpr TokenLoops<T> kLoops{
      embed,  embed_backward, rotate<T>,       mix<T>,         mix_backward<T>,
      add<T>, add_bias<T>,    add_bias<float>, add_columns<T>, cross_entropy<T>};
  return kLoops;
}
template const TokenLoops<float>& token_loops<float>();
template const TokenLoops<Bfloat16>& token_loops<Bfloat16>();

}  // namespace qkv::kernels::QKV_LANES
