#include "train/check_step.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/rounding.h"
#include "train/gradient_rounding.h"

namespace qkv::train {
namespace {

double distance(const model::Tensor& a, const model::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).norm().item<double>();
}

/// The exact result's size, and the distances of the two others from it.
struct Distances {
  double size;
  double kernels;
  double plain;
};

/// Throws unless rounding explains the kernels' distance: at most kRoundingFactor times that of the
/// plain path, or `floor`.
void expect_rounding_alone(const Distances& found, double floor, std::int64_t number,
                           const std::string& what) {
  // The two in the same precision may overflow together.
  if (!std::isfinite(found.kernels) && !std::isfinite(found.plain)) return;
  const double allowed =
      std::isfinite(found.plain) ? std::max(base::kRoundingFactor * found.plain, floor) : floor;
  if (found.kernels <= allowed) return;  // false for NaN
  const auto share = [&](double distance) {
    return base::concat(base::shortest(static_cast<float>(100 * distance / found.size)), "%");
  };
  throw base::Error(
      base::concat("runtime.kernels \"check\": step ", number, ": ", what, ": found a distance of ",
                   share(found.kernels), " from the result in double, expected at most ",
                   share(allowed), " (libtorch in the same precision: ", share(found.plain), ")"),
      base::Error::Fault::kRun);
}

}  // namespace

CheckStep::Definition::Definition(const model::Model& model, const config::Config& config,
                                  const model::Runtime& runtime, at::ScalarType type)
    : model(model::make_model(model.config(), model.vocabulary(), config.seed,
                              at::TensorOptions(at::kCPU).dtype(type))),
      step(*this->model, config, runtime) {}

void CheckStep::Definition::follow(const model::Model& run, const model::NamedTensors& moments) {
  const torch::NoGradGuard no_gradients;
  const auto& weights = model->parameters().list();
  for (std::size_t index = 0; index < weights.size(); ++index) {
    weights[index].second.copy_(run.parameters().list()[index].second);
    weights[index].second.mutable_grad().reset();
  }
  const model::NamedTensors own = step.moments();
  for (std::size_t index = 0; index < own.size(); ++index)
    own[index].second.copy_(moments[index].second);
}

CheckStep::CheckStep(const model::Model& model, const config::Config& config,
                     const model::Runtime& runtime)
    : model_(model),
      config_(config),
      bfloat16_(runtime.bfloat16),
      kernels_(model, config, runtime),
      exact_(model, config,
             {.device = runtime.device, .bfloat16 = false, .threads = runtime.threads},
             at::kDouble),
      plain_(model, config, runtime, at::kFloat) {}

void CheckStep::begin(const StepBatch& batch, std::int64_t number) {
  const bool checked = made_++ < kFirst || number % kEvery == 0;
  if (checked) {
    clock_.enter(Work::kCheck);
    exact_.follow(model_, kernels_.moments());
    plain_.follow(model_, kernels_.moments());
  }
  clock_.enter(Work::kKernels);
  result_.loss = kernels_.gradient(batch, number);
  if (checked) {
    clock_.enter(Work::kCheck);
    check_gradient(batch, number);
  }
  clock_.enter(Work::kKernels);
  result_.gradient_norm = std::isfinite(result_.loss) ? kernels_.update(number) : result_.loss;
  clock_.enter(Work::kCheck);
  if (checked && std::isfinite(result_.gradient_norm)) check_update(number);
  clock_.enter(Work::kElse);
}

void CheckStep::check_gradient(const StepBatch& batch, std::int64_t number) {
  const double exact_loss = exact_.step.gradient(batch, number);
  const double plain_loss = plain_.step.gradient(batch, number);
  if (!std::isfinite(result_.loss) && !std::isfinite(plain_loss)) return;  // the trainer reports it
  const double rounding = gradient_rounding(config_, model_.vocabulary(), bfloat16_);
  // In bfloat16, the roundings of the tokens nearly cancel in the mean, by chance in either path.
  expect_rounding_alone({.size = exact_loss,
                         .kernels = std::abs(result_.loss - exact_loss),
                         .plain = std::abs(plain_loss - exact_loss)},
                        bfloat16_ ? 1e-2 * exact_loss : rounding * exact_loss, number, "the loss");

  const auto& list = model_.parameters().list();
  const auto gradient_of = [](const model::Model& model, std::size_t index) {
    const model::Tensor& weight = model.parameters().list()[index].second;
    return weight.grad().defined() ? weight.grad() : torch::zeros_like(weight);
  };
  std::vector<double> sizes;
  for (std::size_t index = 0; index < list.size(); ++index)
    sizes.push_back(gradient_of(*exact_.model, index).norm().item<double>());
  sizes = rounded_sizes(config_, std::move(sizes));
  // Unless positions rotate the keys, their bias changes nothing: its gradient is the rounding of
  // that of their matrix.
  for (const spec::LayerWeights& layer : model_.parameters().weights().layers) {
    if (layer.key.bias == spec::kAbsent || config_.model.position == spec::Position::kRotary)
      continue;
    double& size = sizes[static_cast<std::size_t>(layer.key.bias)];
    size = std::max(size, sizes[static_cast<std::size_t>(layer.key.weight)]);
  }
  for (std::size_t index = 0; index < list.size(); ++index) {
    const model::Tensor exact = gradient_of(*exact_.model, index);
    expect_rounding_alone({.size = sizes[index],
                           .kernels = distance(gradient_of(model_, index), exact),
                           .plain = distance(gradient_of(*plain_.model, index), exact)},
                          rounding * sizes[index], number,
                          base::concat("the gradient of ", list[index].first));
  }
}

void CheckStep::check_update(std::int64_t number) {
  // All three update by the gradient of the kernels, so that only the update is compared.
  const auto& list = model_.parameters().list();
  std::vector<model::Tensor> before;
  for (std::size_t index = 0; index < list.size(); ++index) {
    for (const Definition* each : {&exact_, &plain_}) {
      const model::Tensor& weight = each->model->parameters().list()[index].second;
      weight.mutable_grad() = list[index].second.grad().to(weight.scalar_type(), false, true);
    }
    before.push_back(exact_.model->parameters().list()[index].second.detach().clone());
  }
  const double exact_norm = exact_.step.update(number);
  const double plain_norm = plain_.step.update(number);
  expect_rounding_alone(
      {.size = exact_norm,
       .kernels = std::abs(result_.gradient_norm - exact_norm),
       .plain = std::abs(plain_norm - exact_norm)},
      base::rounding_of(static_cast<double>(model_.parameters().count())) * exact_norm, number,
      "the norm of the gradient");
  // Muon's products are in bfloat16. Each of its five iterations brings the singular values back to
  // about 1, so that about five roundings remain (measured: at most 1.6 of them).
  const bool rounded = bfloat16_ && config_.training.optimizer == spec::Optimizer::kMuon;
  for (std::size_t index = 0; index < list.size(); ++index) {
    const auto& [name, exact] = exact_.model->parameters().list()[index];
    const double moved = distance(exact.detach(), before[index]);
    // Some operations per number; the weight itself is rounded too.
    const double floor =
        (rounded ? 5 * base::kBfloat16Rounding : 16 * base::kFloat32Rounding) * moved +
        2 * base::kFloat32Rounding * before[index].norm().item<double>();
    expect_rounding_alone(
        {.size = moved,
         .kernels = distance(list[index].second.detach(), exact.detach()),
         .plain =
             distance(plain_.model->parameters().list()[index].second.detach(), exact.detach())},
        floor, number, base::concat("the update of ", name));
  }
  const model::NamedTensors found = kernels_.moments();
  const model::NamedTensors expected = exact_.step.moments();
  const model::NamedTensors plain = plain_.step.moments();
  for (std::size_t index = 0; index < found.size(); ++index) {
    const auto& [name, exact] = expected[index];
    const double size = exact.norm().item<double>();
    expect_rounding_alone({.size = size,
                           .kernels = distance(found[index].second, exact),
                           .plain = distance(plain[index].second, exact)},
                          16 * base::kFloat32Rounding * size, number, name);
  }
}

base::Parts CheckStep::seconds() const {
  base::Parts parts = kernels_.seconds();
  parts.emplace_back("check", clock_.seconds(Work::kCheck));
  return parts;
}

}  // namespace qkv::train
