#include "model/position.h"

#include "model/libtorch.h"

namespace qkv::model {
namespace {

/// The angle of each position for each of `count` frequencies base^(−i/count), i = 0 … count−1, in
/// double: [context, count].
Tensor angles(std::int64_t context, std::int64_t count, double base) {
  const auto exact = at::TensorOptions().dtype(at::kDouble);
  const Tensor places = torch::arange(context, exact).unsqueeze(1);
  const Tensor exponents = torch::arange(count, exact) / static_cast<double>(count);
  return places * at::pow(base, -exponents);
}

/// Vaswani et al. 2017, section 3.5: PE(p, 2i) = sin(p / 10000^(2i/width)), PE(p, 2i+1) =
/// cos(same).
Tensor sinusoids(std::int64_t context, std::int64_t width) {
  const Tensor exponents = torch::arange(0, width, 2, at::kDouble) / static_cast<double>(width);
  const Tensor angle =
      torch::arange(context, at::kDouble).unsqueeze(1) * at::pow(10000.0, -exponents);
  return at::stack({angle.sin(), angle.cos()}, 2).flatten(1).narrow(1, 0, width);
}

}  // namespace

Position::Position(const Parameters& parameters, const spec::ModelConfig& config) {
  const at::TensorOptions options = parameters.options();
  switch (config.position) {
    case spec::Position::kSinusoidal:
      table_ = sinusoids(config.context, config.width).to(options);
      break;
    case spec::Position::kRotary: {
      const Tensor angle = angles(config.context, config.head_width() / 2, config.rotary_base);
      cosine_ = angle.cos().to(options);
      sine_ = angle.sin().to(options);
      break;
    }
    case spec::Position::kAlibi: {
      const Tensor heads = torch::arange(1, config.heads + 1, at::kDouble);
      slopes_ = at::pow(2.0, heads * (-8.0 / static_cast<double>(config.heads))).to(options);
      break;
    }
    case spec::Position::kLearned:
      table_ = parameters.at(parameters.weights().positions);
      break;
    case spec::Position::kNone:
      break;
  }
}

Tensor Position::added(const Tensor& positions) const {
  return table_.defined() ? at::embedding(table_, positions) : Tensor();
}

Tensor Position::rotate(const Tensor& x, const Tensor& positions) const {
  if (!cosine_.defined()) return x;
  // The two halves of a head are the two coordinates of head_width/2 points in the plane.
  const Tensor cosine =
      at::embedding(cosine_, positions).unsqueeze(1);  // [batch | 1, 1, tokens, half]
  const Tensor sine = at::embedding(sine_, positions).unsqueeze(1);
  const std::vector<Tensor> half = x.chunk(2, -1);
  return at::cat({half[0] * cosine - half[1] * sine, half[1] * cosine + half[0] * sine}, -1);
}

Tensor Position::bias(std::int64_t tokens) const {
  if (!slopes_.defined()) return {};
  const Tensor place = torch::arange(tokens, slopes_.options());
  const Tensor distance = (place.unsqueeze(1) - place).abs();
  return -slopes_.view({-1, 1, 1}) * distance;
}

}  // namespace qkv::model
