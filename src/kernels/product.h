#pragma once

#include <cstdint>
#include <memory>

#include "kernels/bfloat16.h"

namespace qkv::kernels {

/// A matrix in memory. `transposed`: the memory holds its transpose, so element (row, column) is at
/// data[column · stride + row], otherwise at data[row · stride + column].
template <typename T>
struct Matrix {
  T* data;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t stride;
  bool transposed = false;

  Matrix<T> transpose() const { return {data, columns, rows, stride, !transposed}; }
};

/// Matrix products on the calling thread: those of bfloat16 with AMX's tiles if the processor has
/// them, all others with oneDNN, which selects the instructions itself. What oneDNN prepares for a
/// shape is kept, so the first product of a shape takes milliseconds, and later ones allocate
/// nothing that grows with it. One object per thread.
class Products {
 public:
  Products();
  ~Products();
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;

  /// Whether the processor, with the instruction set that is used, has products of Bfloat16: oneDNN
  /// has them only with AVX-512.
  static bool has_bfloat16();

  /// c = a b, or c += a b if `add`. Sums are in float32. T is float or Bfloat16, and so is C; `c`
  /// is not transposed. Throws Error (Fault::kRun) if oneDNN fails.
  template <typename T, typename C>
  void multiply(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<C>& c,
                bool add = false);

 private:
  struct Prepared;
  std::unique_ptr<Prepared> prepared_;
};

}  // namespace qkv::kernels
