// qkv-kernels: times single operations, each beside the plain formula, on one thread, at the shapes
// of configs/shakespeare_char.json and configs/baby_gpt.json (one eighth of its batch).
//
// usage: qkv-kernels [--benchmark_filter=REGEX] and google-benchmark's other options
//
// One more operation is a function of a benchmark::State here and a line in add_all().

#include <benchmark/benchmark.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "kernels/attention.h"
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

/// softmax(q kᵀ / √head_width, closed ahead) v, written out.
Tensor plain_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                       const Tensor& ahead, double scale) {
  const Tensor scores = at::matmul(query, key.transpose(2, 3)) * scale;
  return at::matmul(scores.masked_fill(ahead, -INFINITY).softmax(-1), value);
}

/// One layer's attention, forward and backward.
void attention(benchmark::State& state, const Shape& shape, at::ScalarType type, bool fused) {
  const std::int64_t head_width = shape.width / shape.heads;
  const double scale = 1 / std::sqrt(static_cast<double>(head_width));
  const auto options = at::TensorOptions().dtype(type);
  const std::vector<std::int64_t> sizes = {shape.batch, shape.heads, shape.tokens, head_width};
  std::vector<Tensor> inputs;
  for (int part = 0; part < 3; ++part)
    inputs.push_back(torch::randn(sizes, options).requires_grad_());
  const Tensor ahead = torch::ones({shape.tokens, shape.tokens}, at::kBool).triu(1);
  const Tensor upstream = torch::randn(sizes, options);
  for (auto _ : state) {
    const Tensor mixed =
        fused ? fused_attention(inputs[0], inputs[1], inputs[2], {}, /*causal=*/true, scale)
              : plain_attention(inputs[0], inputs[1], inputs[2], ahead, scale);
    benchmark::DoNotOptimize(torch::autograd::grad({mixed}, inputs, {upstream}));
  }
  state.SetItemsProcessed(state.iterations() * shape.batch * shape.tokens);
}

/// One update of all weights, with clipping.
void optimizer(benchmark::State& state, const Shape& shape, const std::string& kind) {
  ModelConfig config;
  config.layers = shape.layers;
  config.heads = config.key_value_heads = shape.heads;
  config.width = shape.width;
  config.feed_forward.width = 4 * shape.width;
  config.context = shape.tokens;
  const auto model = make_model(config, /*vocabulary=*/325, /*seed=*/1);
  TrainingConfig training;
  training.optimizer = kind;
  Optimizer optimizer(model->parameters(), training);
  std::vector<Tensor> gradients;
  for (const auto& [name, weight] : model->parameters().list())
    gradients.push_back(torch::randn_like(weight.detach()));
  std::int64_t step = 0;
  for (auto _ : state) {
    state.PauseTiming();  // an update clears its gradients
    std::size_t index = 0;
    for (const auto& [name, weight] : model->parameters().list())
      Tensor(weight).mutable_grad() = gradients[index++].clone();
    state.ResumeTiming();
    benchmark::DoNotOptimize(optimizer.update(++step));
  }
  state.SetItemsProcessed(state.iterations() * model->parameters().count());
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& run) {
  benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMicrosecond);
}

void add_all() {
  const std::vector<std::pair<std::string, at::ScalarType>> types = {{"float32", at::kFloat},
                                                                     {"bfloat16", at::kBFloat16}};
  for (const Shape& shape : shapes()) {
    for (const auto& [precision, type] : types) {
      for (const bool fused : {false, true}) {
        add("attention/" + shape.name + "/" + precision + (fused ? "/fused" : "/plain"),
            [&shape, type = type, fused](auto& state) { attention(state, shape, type, fused); });
      }
    }
    for (const std::string kind : {"adamw", "muon"}) {
      add("optimizer/" + shape.name + "/" + kind,
          [&shape, kind](auto& state) { optimizer(state, shape, kind); });
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
