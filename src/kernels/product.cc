#include "kernels/product.h"

#include <array>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <type_traits>
#include <unordered_map>

#include "base/error.h"
#include "base/format.h"
#include "kernels/processor.h"
#include "kernels/product_amx.h"

// OpenMP's own functions, declared here since not every compiler that reads this file has <omp.h>.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int);

namespace qkv::kernels {
namespace {

/// While one exists, this thread's OpenMP regions (oneDNN's) have one thread: a product is computed
/// by the calling thread.
class Alone {
 public:
  Alone() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~Alone() { omp_set_num_threads(before_); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  int before_;
};

using Type = dnnl::memory::data_type;

template <typename T>
constexpr Type kType = sizeof(T) == 2 ? Type::bf16 : Type::f32;

/// The key of a prepared product: types, sizes, strides (negative: transposed), add.
using Key = std::array<std::int64_t, 9>;

template <typename T>
dnnl::memory::desc describe(const Matrix<T>& matrix) {
  const std::int64_t stride = matrix.stride;
  return {{matrix.rows, matrix.columns},
          kType<T>,
          matrix.transposed ? dnnl::memory::dims{1, stride} : dnnl::memory::dims{stride, 1}};
}

template <typename T>
std::int64_t layout(const Matrix<T>& matrix) {
  return matrix.transposed ? -matrix.stride : matrix.stride;
}

struct Product {
  dnnl::matmul primitive;
  dnnl::memory a, b, c;
  std::unordered_map<int, dnnl::memory> arguments;
};

}  // namespace

struct Products::Prepared {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::map<Key, Product> products;
  Scratch scratch;  ///< of the products by tiles
};

Products::Products() : prepared_(std::make_unique<Prepared>()) {}
Products::~Products() = default;

bool Products::has_bfloat16() { return instructions() >= Instructions::kAvx512; }

template <typename T, typename C>
void Products::multiply(const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<C>& c,
                        bool add) {
  if (a.columns != b.rows || a.rows != c.rows || b.columns != c.columns) {
    throw base::Error(base::concat("product of [", a.rows, ", ", a.columns, "] and [", b.rows, ", ",
                                   b.columns, "] into [", c.rows, ", ", c.columns, "]"),
                      base::Error::Fault::kRun);
  }
  Prepared& prepared = *prepared_;
#ifdef __x86_64__
  if constexpr (std::is_same_v<T, Bfloat16>) {
    if (instructions() == Instructions::kAmx)
      return amx::multiply_matrices(a, b, c, add, prepared.scratch);
  }
#endif
  const Alone alone;
  try {
    const Key key{static_cast<std::int64_t>(kType<T>),
                  static_cast<std::int64_t>(kType<C>),
                  a.rows,
                  a.columns,
                  b.columns,
                  layout(a),
                  layout(b),
                  c.stride,
                  static_cast<std::int64_t>(add)};
    auto found = prepared.products.find(key);
    if (found == prepared.products.end()) {
      dnnl::primitive_attr attributes;
      if (add) {
        dnnl::post_ops sum;
        sum.append_sum(1.0F);
        attributes.set_post_ops(sum);
      }
      const dnnl::matmul::primitive_desc description({describe(a), describe(b), describe(c)},
                                                     attributes, prepared.engine);
      Product product{dnnl::matmul(description),
                      {description.src_desc(), prepared.engine, nullptr},
                      {description.weights_desc(), prepared.engine, nullptr},
                      {description.dst_desc(), prepared.engine, nullptr},
                      {}};
      product.arguments = {
          {DNNL_ARG_SRC, product.a}, {DNNL_ARG_WEIGHTS, product.b}, {DNNL_ARG_DST, product.c}};
      found = prepared.products.emplace(key, std::move(product)).first;
    }
    Product& product = found->second;
    product.a.set_data_handle(const_cast<T*>(a.data));
    product.b.set_data_handle(const_cast<T*>(b.data));
    product.c.set_data_handle(c.data);
    product.primitive.execute(prepared.stream, product.arguments);
  } catch (const dnnl::error& error) {
    throw base::Error(base::concat("oneDNN: ", error.what()), base::Error::Fault::kRun);
  }
}

template void Products::multiply<float, float>(const Matrix<const float>&,
                                               const Matrix<const float>&, const Matrix<float>&,
                                               bool);
template void Products::multiply<Bfloat16, float>(const Matrix<const Bfloat16>&,
                                                  const Matrix<const Bfloat16>&,
                                                  const Matrix<float>&, bool);
template void Products::multiply<Bfloat16, Bfloat16>(const Matrix<const Bfloat16>&,
                                                     const Matrix<const Bfloat16>&,
                                                     const Matrix<Bfloat16>&, bool);

}  // namespace qkv::kernels
