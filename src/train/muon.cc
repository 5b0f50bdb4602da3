#include "train/muon.h"

#include <cmath>
#include <map>
#include <utility>

#include "engine/training/muon_constants.h"
#include "model/libtorch.h"

namespace qkv::train {

model::Tensor orthogonalised(const model::Tensor& matrix) {
  const bool tall = matrix.size(-2) > matrix.size(-1);
  model::Tensor x =
      tall ? matrix.transpose(-2, -1) : matrix;  // the products of the smaller side are cheaper
  x = x / (x.square().sum({-2, -1}, /*keepdim=*/true).sqrt() + engine::kMuonSmall);
  for (int step = 0; step < engine::kMuonTurns; ++step) {
    const model::Tensor square = at::matmul(x, x.transpose(-2, -1));
    x = engine::kMuonA * x +
        at::matmul(engine::kMuonB * square + engine::kMuonC * at::matmul(square, square), x);
  }
  return tall ? x.transpose(-2, -1) : x;
}

void muon_step(const std::vector<model::Tensor>& weights,
               const std::vector<model::Tensor>& gradients,
               const std::vector<model::Tensor>& moments, const MuonStep& options) {
  // Matrices of the same shape are multiplied together.
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> shapes;
  for (std::size_t place = 0; place < weights.size(); ++place) {
    shapes[{weights[place].size(0), weights[place].size(1)}].push_back(place);
  }
  const model::Tensor rate = at::where(options.finite, options.learning_rate, 0.0);
  for (const auto& [shape, places] : shapes) {
    const auto taken = [&places = places](const std::vector<model::Tensor>& all) {
      std::vector<model::Tensor> tensors;
      tensors.reserve(places.size());
      for (const std::size_t place : places) tensors.push_back(all[place]);
      return tensors;
    };
    const model::Tensor before = at::stack(taken(moments));
    // If an update is skipped, the moment is interpolated with itself, so it does not change.
    const model::Tensor gradient =
        at::where(options.finite, at::stack(taken(gradients)) / options.divisor, before);
    const model::Tensor moment = before.lerp(gradient, 1 - engine::kMuonMomentum);
    at::_foreach_copy_(taken(moments), moment.unbind());

    const double scale = std::sqrt(
        std::max(1.0, static_cast<double>(shape.first) / static_cast<double>(shape.second)));
    const model::Tensor moves =
        orthogonalised(gradient.lerp(moment, engine::kMuonMomentum)) * (rate * scale);
    at::_foreach_mul_(taken(weights), 1 - rate * options.weight_decay);
    at::_foreach_sub_(taken(weights), moves.contiguous().unbind());
  }
}

}  // namespace qkv::train
