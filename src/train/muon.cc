#include "train/muon.h"

#include <cmath>
#include <map>
#include <utility>

#include "fused/muon_constants.h"
#include "model/libtorch.h"

namespace qkv {

Tensor orthogonalised(const Tensor& matrix) {
  const bool tall = matrix.size(-2) > matrix.size(-1);
  Tensor x = tall ? matrix.transpose(-2, -1) : matrix;  // the smaller side's products are cheaper
  x = x / (x.square().sum({-2, -1}, /*keepdim=*/true).sqrt() + kMuonSmall);
  for (int step = 0; step < kMuonTurns; ++step) {
    const Tensor square = at::matmul(x, x.transpose(-2, -1));
    x = kMuonA * x + at::matmul(kMuonB * square + kMuonC * at::matmul(square, square), x);
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
  const Tensor rate = at::where(options.finite, options.learning_rate, 0.0);
  for (const auto& [shape, places] : shapes) {
    const auto taken = [&places = places](const std::vector<Tensor>& all) {
      std::vector<Tensor> tensors;
      tensors.reserve(places.size());
      for (const std::size_t place : places) tensors.push_back(all[place]);
      return tensors;
    };
    const Tensor before = at::stack(taken(moments));
    // The moment stays what it is on its way to itself.
    const Tensor gradient =
        at::where(options.finite, at::stack(taken(gradients)) / options.divisor, before);
    const Tensor moment = before.lerp(gradient, 1 - kMuonMomentum);
    at::_foreach_copy_(taken(moments), moment.unbind());

    const double scale = std::sqrt(
        std::max(1.0, static_cast<double>(shape.first) / static_cast<double>(shape.second)));
    const Tensor moves = orthogonalised(gradient.lerp(moment, kMuonMomentum)) * (rate * scale);
    at::_foreach_mul_(taken(weights), 1 - rate * options.weight_decay);
    at::_foreach_sub_(taken(weights), moves.contiguous().unbind());
  }
}

}  // namespace qkv
