#include "train/optimizer.h"

#include "model/libtorch.h"
#include "train/muon.h"
#include "train/schedule.h"

namespace qkv::train {

namespace {

std::vector<model::Tensor> gradients_of(const std::vector<model::Tensor>& weights) {
  std::vector<model::Tensor> gradients;
  gradients.reserve(weights.size());
  for (const model::Tensor& weight : weights) gradients.push_back(weight.grad());
  return gradients;
}

}  // namespace

Optimizer::Optimizer(const model::Parameters& parameters, const config::TrainingConfig& config)
    : config_(config) {
  muon_.weight_decay = config.weight_decay;
  matrices_.weight_decay = config.weight_decay;
  model::NamedTensors second;
  for (std::size_t index = 0; index < parameters.list().size(); ++index) {
    const auto& [name, weight] = parameters.list()[index];
    const spec::Weight& described = parameters.weights().all[index];
    const bool by_muon = spec::by_muon(config.optimizer, described);
    Group& group = by_muon ? muon_ : described.decays() ? matrices_ : vectors_;
    group.weights.push_back(weight);
    group.first_moments.push_back(torch::zeros_like(weight.detach()));
    weights_.push_back(weight);
    moments_.emplace_back("first_moment." + name, group.first_moments.back());
    if (by_muon) continue;
    group.second_moments.push_back(torch::zeros_like(weight.detach()));
    second.emplace_back("second_moment." + name, group.second_moments.back());
  }
  moments_.insert(moments_.end(), second.begin(), second.end());
}

double Optimizer::update(std::int64_t step) {
  const at::TensorOptions scalar = weights_.at(0).options().dtype(at::kFloat).requires_grad(false);
  return update(torch::full({}, learning_rate(config_, step), scalar),
                torch::full({}, static_cast<double>(step), scalar), torch::zeros({}, scalar))
      .item<double>();
}

model::Tensor Optimizer::update(const model::Tensor& learning_rate, const model::Tensor& step,
                                const model::Tensor& loss) {
  const torch::NoGradGuard no_gradients;
  for (model::Tensor& weight : weights_) {
    // A weight that does not affect the loss (a layer that the config disables) still decays.
    if (!weight.grad().defined()) weight.mutable_grad() = torch::zeros_like(weight);
  }
  model::Tensor norm = at::stack(at::_foreach_norm(gradients_of(weights_))).norm();
  const model::Tensor finite = (norm + loss).isfinite();
  const model::Tensor skipped = finite.logical_not().to(at::kFloat);
  const model::Tensor divisor = config_.gradient_clip > 0
                                    ? (norm / config_.gradient_clip).clamp_min(1)
                                    : torch::ones_like(norm);

  muon_step(
      muon_.weights, gradients_of(muon_.weights), muon_.first_moments,
      {.learning_rate = learning_rate * (config_.matrix_learning_rate / config_.learning_rate),
       .divisor = divisor,
       .finite = finite,
       .weight_decay = muon_.weight_decay});
  for (Group* group : {&matrices_, &vectors_}) {
    model::adamw_step(
        group->weights, gradients_of(group->weights), group->first_moments, group->second_moments,
        {.learning_rate = learning_rate,
         .step = step,
         .divisor = divisor.to(at::kFloat),  // required by the operation, whatever the weights
         .skipped = skipped,
         .beta1 = config_.beta1,
         .beta2 = config_.beta2,
         .epsilon = config_.epsilon,
         .weight_decay = group->weight_decay});
  }
  for (model::Tensor& weight : weights_) weight.mutable_grad().reset();
  return norm;
}

}  // namespace qkv::train
