#include "train/muon.h"

#include <cmath>
#include <map>
#include <utility>

#include "model/libtorch.h"

namespace qkv {
namespace {

constexpr double kMomentum = 0.95;

}  // namespace

Tensor orthogonalised(const Tensor& matrix) {
  const bool tall = matrix.size(-2) > matrix.size(-1);
  Tensor x = tall ? matrix.transpose(-2, -1) : matrix;  // the smaller side's products are cheaper
  x = x / (x.square().sum({-2, -1}, /*keepdim=*/true).sqrt() + 1e-7);
  for (int step = 0; step < 5; ++step) {
    const Tensor square = at::matmul(x, x.transpose(-2, -1));
    x = 3.4445 * x + at::matmul(-4.7750 * square + 2.0315 * at::matmul(square, square), x);
  }
  return tall ? x.transpose(-2, -1) : x;
}

void muon_step(const std::vector<Tensor>& weights, const std::vector<Tensor>& gradients,
               const std::vector<Tensor>& moments, const MuonStep& options) {
  // Matrices of one shape go through the products together.
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> shapes;
  for (std::size_t place = 0; place < weights.size(); ++place) {
    shapes[{weights[place].size(0), weights[place].size(1)}].push_back(place);
  }
  for (const auto& [shape, places] : shapes) {
    std::vector<Tensor> updates;
    for (const std::size_t place : places) {
      moments[place].lerp_(gradients[place], 1 - kMomentum);
      updates.push_back(gradients[place].lerp(moments[place], kMomentum));
    }
    const double scale = std::sqrt(
        std::max(1.0, static_cast<double>(shape.first) / static_cast<double>(shape.second)));
    const Tensor directions = orthogonalised(at::stack(updates));
    for (std::size_t index = 0; index < places.size(); ++index) {
      const Tensor& weight = weights[places[index]];
      weight.mul_(1 - options.learning_rate * options.weight_decay);
      weight.sub_(directions[static_cast<std::int64_t>(index)], options.learning_rate * scale);
    }
  }
}

}  // namespace qkv
