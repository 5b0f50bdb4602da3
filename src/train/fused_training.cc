#include "train/fused_training.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"

namespace qkv::train {
namespace {

model::Tensor view_of(float* array, const fused::WeightLayout::Place& place) {
  return torch::from_blob(array + place.begin, place.weight.shape, at::kFloat);
}

const fused::WeightLayout::Place& place_of(const fused::WeightLayout& layout,
                                           const std::string& name) {
  const auto& places = layout.places();
  const auto found = std::find_if(places.begin(), places.end(),
                                  [&](const auto& place) { return place.weight.name == name; });
  if (found == places.end())
    throw base::Error(base::concat("fused kernels do not support ", name),
                      base::Error::Fault::kRun);
  return *found;
}

}  // namespace

FusedTraining::FusedTraining(const model::Model& model, const config::Config& config,
                             const model::Runtime& runtime)
    : step_(config.model, model.vocabulary(), config.training.batch_size, config.seed,
            runtime.bfloat16, runtime.threads),
      update_(step_.layout(), config.training, runtime.bfloat16, step_.workers()) {
  for (const auto& [name, weight] : model.parameters().list()) {
    const fused::WeightLayout::Place& place = place_of(step_.layout(), name);
    const model::Tensor shared = view_of(step_.weights(), place);
    shared.copy_(weight.detach());  // throws if the shapes differ
    weight.set_data(shared);
    weight.mutable_grad() = view_of(step_.gradient(), place);
  }
}

double FusedTraining::make(const std::vector<text::Batch>& batches, std::uint64_t step,
                           std::uint64_t predicted) {
  double nats = 0;
  step_.take_weights();
  for (const text::Batch& batch : batches) {
    if (predicted_in(batch) > 0) nats += step_.run(batch, step, predicted);
  }
  norm_ = step_.gather();
  return nats / static_cast<double>(std::max<std::uint64_t>(1, predicted));
}

void FusedTraining::update(std::int64_t step, double learning_rate, double scale) {
  update_.update(step, learning_rate, scale, step_.gradient(), step_.weights());
}

model::Tensor FusedTraining::first_moment(const std::string& name) {
  return view_of(update_.first_moments(), place_of(step_.layout(), name));
}

model::Tensor FusedTraining::second_moment(const std::string& name) {
  return view_of(update_.second_moments(), place_of(step_.layout(), name));
}

std::unique_ptr<FusedTraining> fused_training(const model::Model& model,
                                              const config::Config& config,
                                              const model::Runtime& runtime) {
  if (config.runtime.kernels != spec::Kernels::kFused || !runtime.device.is_cpu() ||
      !fused::FusedStep::supports(config.model, runtime.bfloat16)) {
    return nullptr;
  }
  return std::make_unique<FusedTraining>(model, config, runtime);
}

}  // namespace qkv::train
