#include "kernels/product.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"

namespace qkv::kernels {
namespace {

template <typename T>
std::vector<T> numbers(std::int64_t count, std::uint64_t key) {
  base::RandomStream random(key);
  std::vector<T> out(static_cast<std::size_t>(count));
  for (T& number : out) {
    const auto value = static_cast<float>(2 * random.uniform() - 1);
    if constexpr (std::is_same_v<T, float>) {
      number = value;
    } else {
      number = to_bfloat16(value);
    }
  }
  return out;
}

struct Size {
  std::int64_t rows, inner, columns;
};

/// c = a b (+ c) for every layout of a and b in wider matrices, compared with sums in double.
template <typename T, typename C>
void expect_products(Size size) {
  const auto [rows, inner, columns] = size;
  Products products;
  for (const bool a_transposed : {false, true}) {
    for (const bool b_transposed : {false, true}) {
      for (const bool add : {false, true}) {
        const std::int64_t a_stride = (a_transposed ? rows : inner) + 3;
        const std::int64_t b_stride = (b_transposed ? inner : columns) + 5;
        const std::int64_t c_stride = columns + 2;
        const auto a_data = numbers<T>(a_stride * (a_transposed ? inner : rows), 1);
        const auto b_data = numbers<T>(b_stride * (b_transposed ? columns : inner), 2);
        const auto before = numbers<C>(rows * c_stride, 3);
        auto found = before;
        const Matrix<const T> a{a_data.data(), rows, inner, a_stride, a_transposed};
        const Matrix<const T> b{b_data.data(), inner, columns, b_stride, b_transposed};
        products.multiply<T, C>(a, b, {found.data(), rows, columns, c_stride}, add);

        // The possible error of sums in float32, in any order (Higham 2002, 4.2).
        const double epsilon = std::ldexp(static_cast<double>(inner + 1), -24);
        const double rounding = std::is_same_v<C, float> ? 0 : 1.0 / 256;
        for (std::int64_t row = 0; row < rows; ++row) {
          for (std::int64_t column = 0; column < c_stride; ++column) {
            const auto at = static_cast<std::size_t>(row * c_stride + column);
            const double old = to_float(before[at]);
            if (column >= columns) {
              ASSERT_EQ(to_float(found[at]), old) << "behind row " << row;
              continue;
            }
            double sum = add ? old : 0;
            double size_of_terms = std::abs(sum);
            for (std::int64_t i = 0; i < inner; ++i) {
              const double term =
                  static_cast<double>(to_float(a_data[static_cast<std::size_t>(
                      a_transposed ? i * a_stride + row : row * a_stride + i)])) *
                  to_float(b_data[static_cast<std::size_t>(b_transposed ? column * b_stride + i
                                                                        : i * b_stride + column)]);
              sum += term;
              size_of_terms += std::abs(term);
            }
            ASSERT_NEAR(to_float(found[at]), sum,
                        epsilon * size_of_terms + rounding * std::abs(sum) + 1e-30)
                << base::concat(rows, " × ", inner, " × ", columns, ", transposed ", a_transposed,
                                ' ', b_transposed, ", add ", add, ": ", row, ", ", column);
          }
        }
      }
    }
  }
}

const std::vector<Size> kSizes = {{1, 1, 1},    {1, 40, 3},    {3, 2, 1},    {16, 32, 16},
                                  {17, 33, 15}, {32, 64, 48},  {31, 31, 31}, {48, 300, 80},
                                  {96, 48, 33}, {64, 512, 32}, {5, 1100, 7}, {33, 7, 130}};

TEST(Products, AreThoseOfFloats) {
  for (const Size& size : kSizes) expect_products<float, float>(size);
}

TEST(Products, AreThoseOfBfloat16) {
  if (!Products::has_bfloat16()) GTEST_SKIP() << "not on this processor";
  for (const Size& size : kSizes) {
    expect_products<Bfloat16, float>(size);
    expect_products<Bfloat16, Bfloat16>(size);
  }
}

TEST(Products, GoOnWhereTheRightSideIsTakenInParts) {
  if (!Products::has_bfloat16()) GTEST_SKIP() << "not on this processor";
  expect_products<Bfloat16, float>({32, 2080, 1024});  // 65 steps of 64 columns of tiles
}

TEST(Products, RefuseSidesThatDoNotFit) {
  Products products;
  std::vector<float> data(100);
  const Matrix<const float> a{data.data(), 2, 3, 3};
  const Matrix<const float> b{data.data(), 4, 5, 5};
  EXPECT_THROW((products.multiply<float, float>(a, b, {data.data(), 2, 5, 5})), base::Error);
}

}  // namespace
}  // namespace qkv::kernels
