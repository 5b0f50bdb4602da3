// qkv-kernels: times single operations in three ways: by the plain formula, as one operation of
// libtorch (if it has one), and with the kernels of src/engine/training. On one thread, with the
// shapes of configs/shakespeare_char.json and configs/baby_gpt.json (one eighth of its batch).
//
// usage: qkv-kernels [--benchmark_filter=REGEX] and google-benchmark's other options
//
// To add an operation, write a function of a benchmark::State here and add a line to add_all().

#include <benchmark/benchmark.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/team.h"
#include "config/config.h"
#include "engine/training/layout.h"
#include "engine/training/update.h"
#include "kernels/arena.h"
#include "kernels/attention_core.h"
#include "kernels/bfloat16.h"
#include "kernels/product.h"
#include "kernels/scratch.h"
#include "model/fused_attention.h"
#include "model/model.h"
#include "train/optimizer.h"

namespace qkv {
namespace {

struct Shape {
  std::string name;
  std::int64_t batch, tokens, layers, heads, width;
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {
      {.name = "shakespeare_char",
       .batch = 12,
       .tokens = 64,
       .layers = 4,
       .heads = 4,
       .width = 128},
      {.name = "baby_gpt", .batch = 8, .tokens = 256, .layers = 6, .heads = 6, .width = 384}};
  return all;
}

/// softmax(q kᵀ / √head_width, later keys masked) v, written out.
model::Tensor plain_attention(const model::Tensor& query, const model::Tensor& key,
                              const model::Tensor& value, const model::Tensor& ahead,
                              double scale) {
  const model::Tensor scores = at::matmul(query, key.transpose(2, 3)) * scale;
  return at::matmul(scores.masked_fill(ahead, -INFINITY).softmax(-1), value);
}

/// One layer's attention, forward and backward, through libtorch: in one operation or written out.
void attention_of_libtorch(benchmark::State& state, const Shape& shape, at::ScalarType type,
                           bool in_one) {
  const std::int64_t head_width = shape.width / shape.heads;
  const double scale = 1 / std::sqrt(static_cast<double>(head_width));
  const auto options = at::TensorOptions().dtype(type);
  const std::vector<std::int64_t> sizes = {shape.batch, shape.heads, shape.tokens, head_width};
  std::vector<model::Tensor> inputs;
  for (int part = 0; part < 3; ++part)
    inputs.push_back(torch::randn(sizes, options).requires_grad_());
  const model::Tensor ahead = torch::ones({shape.tokens, shape.tokens}, at::kBool).triu(1);
  const model::Tensor upstream = torch::randn(sizes, options);
  for (auto _ : state) {
    const model::Tensor mixed =
        in_one ? model::fused_attention(inputs[0], inputs[1], inputs[2], {}, /*causal=*/true, scale)
               : plain_attention(inputs[0], inputs[1], inputs[2], ahead, scale);
    benchmark::DoNotOptimize(torch::autograd::grad({mixed}, inputs, {upstream}));
  }
  state.SetItemsProcessed(state.iterations() * shape.batch * shape.tokens);
}

/// Random numbers in new memory of the arena.
template <typename T>
std::span<T> drawn(kernels::Arena& memory, std::int64_t size) {
  const std::span<T> values = memory.take<T>(size);
  const model::Tensor numbers = torch::randn({size});
  const float* number = numbers.const_data_ptr<float>();
  for (T& value : values) {
    if constexpr (sizeof(T) == 2) {
      value = kernels::to_bfloat16(*number++);
    } else {
      value = *number++;
    }
  }
  return values;
}

/// The same by qkv's own kernels, one document after the other, as in the training step; or its
/// forward pass alone.
template <typename T>
void attention_of_kernels(benchmark::State& state, const Shape& shape, bool backward) {
  const std::int64_t head_width = shape.width / shape.heads;
  const std::int64_t size = shape.batch * shape.tokens * shape.width;
  const kernels::AttentionShape one{.tokens = shape.tokens,
                                    .heads = shape.heads,
                                    .key_value_heads = shape.heads,
                                    .head_width = head_width,
                                    .scale = 1 / std::sqrt(static_cast<float>(head_width)),
                                    .causal = true,
                                    .slopes = nullptr,
                                    .dropout = {}};
  kernels::Arena memory;
  std::vector<std::span<T>> arrays;  // query, key, value, mixed, and the gradient of each
  for (int part = 0; part < 8; ++part) arrays.push_back(drawn<T>(memory, size));
  const auto log_sums = memory.take<float>(shape.batch * shape.heads * shape.tokens);
  kernels::Scratch scratch;
  for (auto _ : state) {
    for (std::int64_t document = 0; document < shape.batch; ++document) {
      float* log_sum = log_sums.data() + document * shape.heads * shape.tokens;
      const auto rows = [&](std::size_t part) {
        return kernels::Strided<T>{arrays[part].data() + document * shape.tokens * shape.width,
                                   shape.width};
      };
      const auto read = [&](std::size_t part) {
        return kernels::Strided<const T>{rows(part).base, shape.width};
      };
      kernels::attention_forward<T>(one, {read(0), read(1), read(2), rows(3), log_sum}, scratch);
      if (!backward) continue;
      kernels::attention_backward<T>(
          one, {read(0), read(1), read(2), read(3), log_sum, read(7), rows(4), rows(5), rows(6)},
          scratch);
    }
  }
  state.SetItemsProcessed(state.iterations() * shape.batch * shape.tokens);
}

/// The feed-forward's first product, as in the training step.
template <typename T>
void product(benchmark::State& state, const Shape& shape) {
  const std::int64_t rows = shape.batch * shape.tokens;
  const std::int64_t inner = 4 * shape.width;
  kernels::Arena memory;
  const auto input = drawn<T>(memory, rows * shape.width);
  const auto weights = drawn<T>(memory, inner * shape.width);
  const auto output = memory.take<T>(rows * inner);
  kernels::Products products;
  const kernels::Matrix<const T> up{weights.data(), inner, shape.width, shape.width};
  for (auto _ : state) {
    products.multiply<T, T>({input.data(), rows, shape.width, shape.width}, up.transpose(),
                            {output.data(), rows, inner, inner});
  }
  state.SetItemsProcessed(state.iterations() * 2 * rows * inner * shape.width);
}

spec::ModelConfig model_of(const Shape& shape) {
  spec::ModelConfig config;
  config.layers = shape.layers;
  config.heads = config.key_value_heads = shape.heads;
  config.width = shape.width;
  config.feed_forward.width = 4 * shape.width;
  config.context = shape.tokens;
  return config;
}

constexpr std::int64_t kVocabulary = 325;

/// One update of all weights by libtorch's operations, with clipping.
void optimizer(benchmark::State& state, const Shape& shape,
               const config::TrainingConfig& training) {
  const auto model = model::make_model(model_of(shape), kVocabulary, /*seed=*/1);
  train::Optimizer optimizer(model->parameters(), training);
  std::vector<model::Tensor> gradients;
  for (const auto& [name, weight] : model->parameters().list())
    gradients.push_back(torch::randn_like(weight.detach()));
  std::int64_t step = 0;
  for (auto _ : state) {
    state.PauseTiming();  // an update clears its gradients
    std::size_t index = 0;
    for (const auto& [name, weight] : model->parameters().list())
      model::Tensor(weight).mutable_grad() = gradients[index++].clone();
    state.ResumeTiming();
    benchmark::DoNotOptimize(optimizer.update(++step));
  }
  state.SetItemsProcessed(state.iterations() * model->parameters().count());
}

/// The same in one pass over flat arrays.
void fused_optimizer(benchmark::State& state, const Shape& shape,
                     const config::TrainingConfig& training) {
  const engine::WeightLayout layout(model_of(shape), kVocabulary);
  base::Team team(1);
  engine::TrainingUpdate update(layout, training, /*bfloat16=*/false, team);
  kernels::Arena memory;
  const auto weights = drawn<float>(memory, layout.size());
  const auto gradient = drawn<float>(memory, layout.size());
  std::int64_t step = 0;
  for (auto _ : state)
    update.update(++step, /*learning_rate=*/1e-3, /*gradient_scale=*/0.5, gradient.data(),
                  weights.data());
  state.SetItemsProcessed(state.iterations() * layout.size());
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& run) {
  benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMicrosecond);
}

void add_all() {
  for (const Shape& shape : shapes()) {
    for (const bool in_one : {false, true}) {
      const std::string name = in_one ? "/libtorch" : "/plain";
      add("attention/" + shape.name + "/float32" + name, [&shape, in_one](auto& state) {
        attention_of_libtorch(state, shape, at::kFloat, in_one);
      });
      add("attention/" + shape.name + "/bfloat16" + name, [&shape, in_one](auto& state) {
        attention_of_libtorch(state, shape, at::kBFloat16, in_one);
      });
    }
    for (const bool backward : {false, true}) {
      const std::string name = backward ? "/fused" : "/fused/forward";
      add("attention/" + shape.name + "/float32" + name,
          [&shape, backward](auto& state) { attention_of_kernels<float>(state, shape, backward); });
      add("attention/" + shape.name + "/bfloat16" + name, [&shape, backward](auto& state) {
        attention_of_kernels<kernels::Bfloat16>(state, shape, backward);
      });
    }
    add("product/" + shape.name + "/float32",
        [&shape](auto& state) { product<float>(state, shape); });
    add("product/" + shape.name + "/bfloat16",
        [&shape](auto& state) { product<kernels::Bfloat16>(state, shape); });
    for (const spec::Optimizer kind : {spec::Optimizer::kAdamw, spec::Optimizer::kMuon}) {
      config::TrainingConfig training;
      training.optimizer = kind;
      const std::string name = "optimizer/" + shape.name + "/" + std::string(spec::name_of(kind));
      add(name + "/plain", [&shape, training](auto& state) { optimizer(state, shape, training); });
      add(name + "/fused",
          [&shape, training](auto& state) { fused_optimizer(state, shape, training); });
    }
  }
}

}  // namespace
}  // namespace qkv

int main(int argc, char** argv) {
  at::set_num_threads(1);
  qkv::add_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
