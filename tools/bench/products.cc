// qkv-products: the shortest time in which the processor can compute the matrix products of a
// training step.
//
// usage: qkv-products float32|bfloat16 THREADS SECONDS <PRODUCTS >MILLISECONDS
//
// Every thread works at the same time on its own share of the rows, with single-threaded oneDNN
// primitives, in the layout that is fastest for oneDNN, with nothing in between. PRODUCTS has one
// line for each kind of product: BATCH ROWS INNER COLUMNS COUNT, which is one thread's share: COUNT
// times [BATCH, ROWS, INNER] · [BATCH, INNER, COLUMNS]. For each line, the time of all COUNT
// products is printed in milliseconds: the shortest within SECONDS, of the slowest thread.

#include <omp.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <limits>
#include <oneapi/dnnl/dnnl.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

struct Shape {
  std::int64_t batch, rows, inner, columns;
  int count;
};

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// One thread's products.
class Products {
 public:
  Products(const std::vector<Shape>& shapes, Type type) : engine_(dnnl::engine::kind::cpu, 0) {
    for (const Shape& shape : shapes) made_.push_back(fastest(shape, type));
  }

  /// The milliseconds of `count` executions of product number `index`.
  double time(std::size_t index, int count) {
    const auto start = Clock::now();
    for (int turn = 0; turn < count; ++turn) execute(made_[index]);
    return milliseconds_since(start);
  }

 private:
  struct Product {
    dnnl::matmul matmul;
    std::unordered_map<int, dnnl::memory> arguments;
  };

  void execute(const Product& product) {
    product.matmul.execute(stream_, product.arguments);
    stream_.wait();
  }

  /// For all layouts of the two factors: row by row, column by column, or packed.
  Product fastest(const Shape& shape, Type type) {
    Product found;
    double least = std::numeric_limits<double>::infinity();
    for (const Tag left : {Tag::abc, Tag::acb, Tag::any}) {
      for (const Tag right : {Tag::abc, Tag::acb, Tag::any}) {
        const Product product = make(shape, type, left, right);
        for (int turn = 0; turn < 5; ++turn) {
          const auto start = Clock::now();
          execute(product);
          const double took = milliseconds_since(start);
          if (took >= least) continue;
          least = took;
          found = product;
        }
      }
    }
    return found;
  }

  Product make(const Shape& shape, Type type, Tag left, Tag right) {
    const dnnl::memory::desc a({shape.batch, shape.rows, shape.inner}, type, left);
    const dnnl::memory::desc b({shape.batch, shape.inner, shape.columns}, type, right);
    const dnnl::memory::desc c({shape.batch, shape.rows, shape.columns}, type, Tag::abc);
    const dnnl::matmul::primitive_desc chosen(dnnl::matmul::desc(a, b, c), engine_);
    return {.matmul = dnnl::matmul(chosen),
            .arguments = {{DNNL_ARG_SRC, matrix(0, chosen.src_desc())},
                          {DNNL_ARG_WEIGHTS, matrix(1, chosen.weights_desc())},
                          {DNNL_ARG_DST, matrix(2, chosen.dst_desc())}}};
  }

  /// Matrices of the same size share their memory, which keeps it in the cache as far as possible:
  /// no real step can have better conditions.
  dnnl::memory matrix(int place, const dnnl::memory::desc& description) {
    std::vector<std::uint16_t>& bits = memory_[place][description.get_size()];
    // The same small number, whether read as float32 or as bfloat16.
    if (bits.empty()) bits.assign(description.get_size() / 2 + 1, 0x3d00);
    return {description, engine_, bits.data()};
  }

  dnnl::engine engine_;
  dnnl::stream stream_{engine_};
  std::unordered_map<std::size_t, std::vector<std::uint16_t>> memory_[3];
  std::vector<Product> made_;
};

/// The shortest time of each product, of the slowest of `threads`.
std::vector<double> measure(const std::vector<Shape>& shapes, Type type, int threads,
                            double seconds) {
  std::vector<std::vector<double>> times(
      threads, std::vector<double>(shapes.size(), std::numeric_limits<double>::infinity()));
  std::barrier ready(threads);
  const auto work = [&](std::vector<double>& least) {
    omp_set_num_threads(1);  // that of this thread, for oneDNN inside it
    Products products(shapes, type);
    ready.arrive_and_wait();
    const auto start = Clock::now();
    do {
      for (std::size_t index = 0; index < shapes.size(); ++index)
        least[index] = std::min(least[index], products.time(index, shapes[index].count));
    } while (milliseconds_since(start) < seconds * 1e3);
  };
  std::vector<std::thread> workers;
  workers.reserve(threads);
  for (auto& least : times) workers.emplace_back(work, std::ref(least));
  for (std::thread& worker : workers) worker.join();
  std::vector<double> slowest(shapes.size(), 0);
  for (const auto& least : times) {
    for (std::size_t index = 0; index < shapes.size(); ++index)
      slowest[index] = std::max(slowest[index], least[index]);
  }
  return slowest;
}

void run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 3 || (arguments[0] != "float32" && arguments[0] != "bfloat16"))
    throw std::runtime_error("usage: qkv-products float32|bfloat16 THREADS SECONDS");
  const Type type = arguments[0] == "float32" ? Type::f32 : Type::bf16;
  std::vector<Shape> shapes;
  for (Shape s{}; std::cin >> s.batch >> s.rows >> s.inner >> s.columns >> s.count;)
    shapes.push_back(s);
  if (!std::cin.eof())
    throw std::runtime_error("expected BATCH ROWS INNER COLUMNS COUNT in each line");
  for (const double time : measure(shapes, type, std::stoi(arguments[1]), std::stod(arguments[2])))
    std::cout << time << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "qkv-products: " << error.what() << "\n";
    return 2;
  }
  return 0;
}
