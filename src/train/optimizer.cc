#include "train/optimizer.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "model/libtorch.h"
#include "train/schedule.h"

namespace qkv {

Optimizer::Optimizer(const Parameters& parameters, const TrainingConfig& config) : config_(config) {
  matrices_.weight_decay = config.weight_decay;
  NamedTensors second;
  for (const auto& [name, weight] : parameters.list()) {
    Group& group = weight.dim() >= 2 ? matrices_ : vectors_;
    group.weights.push_back(weight);
    group.first_moments.push_back(torch::zeros_like(weight.detach()));
    group.second_moments.push_back(torch::zeros_like(weight.detach()));
    weights_.push_back(weight);
    moments_.emplace_back("first_moment." + name, group.first_moments.back());
    second.emplace_back("second_moment." + name, group.second_moments.back());
  }
  moments_.insert(moments_.end(), second.begin(), second.end());
}

double Optimizer::update(std::int64_t step) {
  const torch::NoGradGuard no_gradients;
  std::vector<Tensor> gradients;
  for (Tensor& weight : weights_) {
    // A weight that the loss does not depend on (a layer cut off by the config) still decays.
    if (!weight.grad().defined()) weight.mutable_grad() = torch::zeros_like(weight);
    gradients.push_back(weight.grad());
  }
  const double norm = at::stack(at::_foreach_norm(gradients)).to(at::kDouble).norm().item<double>();
  if (!std::isfinite(norm)) return norm;
  if (config_.gradient_clip > 0 && norm > config_.gradient_clip) {
    at::_foreach_mul_(gradients, config_.gradient_clip / norm);
  }

  for (Group* group : {&matrices_, &vectors_}) {
    std::vector<Tensor> group_gradients;
    for (const Tensor& weight : group->weights) group_gradients.push_back(weight.grad());
    adamw_step(group->weights, group_gradients, group->first_moments, group->second_moments,
               {.learning_rate = learning_rate(config_, step),
                .beta1 = config_.beta1,
                .beta2 = config_.beta2,
                .epsilon = config_.epsilon,
                .weight_decay = group->weight_decay,
                .step = step});
  }
  at::_foreach_zero_(gradients);
  return norm;
}

NamedTensors Optimizer::moments() const { return moments_; }

void Optimizer::load_moments(const NamedTensors& tensors, const std::string& where) {
  if (tensors.size() != moments_.size()) {
    throw Error(concat(where, ": found ", tensors.size(), " tensors, expected ", moments_.size()));
  }
  const torch::NoGradGuard no_gradients;
  for (std::size_t index = 0; index < tensors.size(); ++index) {
    const auto& [name, values] = tensors[index];
    const auto& [expected, moment] = moments_[index];
    if (name != expected || values.sizes() != moment.sizes()) {
      throw Error(concat(where, ": found tensor ", quoted(name), " ", shape_text(values.sizes()),
                         ", expected ", quoted(expected), " ", shape_text(moment.sizes())));
    }
    Tensor(moment).copy_(values);
  }
}

}  // namespace qkv
