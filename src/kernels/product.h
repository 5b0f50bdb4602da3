#pragma once

#include <cstdint>
#include <memory>

#include "kernels/bfloat16.h"

namespace qkv::kernels {

/// A matrix somewhere in memory. `transposed`: what is there is its transpose, so element (row,
/// column) stands at data[column · stride + row], else at data[row · stride + column].
template <typename T>
struct Matrix {
  T* data;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t stride;
  bool transposed = false;

  Matrix<T> transpose() const { return {data, columns, rows, stride, !transposed}; }
};

/// Matrix products on the thread that calls: those of bfloat16 by AMX's tiles where the processor
/// has them, all others oneDNN's, which picks the instructions itself. What that prepares for a
/// shape is kept, so its first product of a shape takes milliseconds, and the next ones allocate
/// nothing that grows with it. One object a thread.
class Products {
 public:
  Products();
  ~Products();
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;

  /// c = a b, or c += a b where `add`. Sums are in float32. T is float or Bfloat16, C too; `c` is
  /// not transposed. Throws Error (Fault::kRun) where oneDNN fails.
  template <typename T, typename C>
  void multiply(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<C>& c,
                bool add = false);

 private:
  struct Prepared;
  std::unique_ptr<Prepared> prepared_;
};

}  // namespace qkv::kernels
