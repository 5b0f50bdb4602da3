#include "train/kernel_step.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "train/schedule.h"

namespace qkv::train {
namespace {

model::Tensor view_of(float* array, const engine::WeightLayout::Place& place) {
  return torch::from_blob(array + place.begin, place.weight.shape, at::kFloat);
}

const engine::WeightLayout::Place& place_of(const engine::WeightLayout& layout,
                                            const std::string& name) {
  const auto& places = layout.places();
  const auto found = std::find_if(places.begin(), places.end(),
                                  [&](const auto& place) { return place.weight.name == name; });
  if (found == places.end())
    throw base::Error(base::concat("kernels do not know ", name), base::Error::Fault::kRun);
  return *found;
}

/// A view of the batch.
engine::TrainingBatch rows_of(const text::Batch& batch) {
  const bool alone = batch.documents.empty();  // each row is one document
  return {.first_row = batch.first_row,
          .rows = batch.rows,
          .context = batch.context,
          .inputs = batch.inputs.data(),
          .targets = batch.targets.data(),
          .positions = alone ? nullptr : batch.positions.data(),
          .documents = alone ? nullptr : batch.documents.data()};
}

}  // namespace

bool KernelStep::supports(const config::Config& config, const model::Runtime& runtime) {
  return config.runtime.kernels != spec::Kernels::kPlain && runtime.device.is_cpu() &&
         engine::TrainingStep::supports(config.model, runtime.bfloat16);
}

KernelStep::KernelStep(const model::Model& model, const config::Config& config,
                       const model::Runtime& runtime)
    : config_(config.training),
      step_(config.model, model.vocabulary(), config.training.batch_size, config.seed,
            runtime.bfloat16, runtime.threads),
      update_(step_.layout(), config.training, runtime.bfloat16, step_.team()) {
  model::NamedTensors second;
  for (const auto& [name, weight] : model.parameters().list()) {
    const engine::WeightLayout::Place& place = place_of(step_.layout(), name);
    const model::Tensor shared = view_of(step_.weights(), place);
    shared.copy_(weight.detach());  // throws where the shapes differ
    weight.set_data(shared);
    weight.mutable_grad() = view_of(step_.gradient(), place);
    moments_.emplace_back("first_moment." + name, view_of(update_.first_moments(), place));
    if (!spec::by_muon(config_.optimizer, place.weight))
      second.emplace_back("second_moment." + name, view_of(update_.second_moments(), place));
  }
  moments_.insert(moments_.end(), second.begin(), second.end());
}

void KernelStep::begin(const StepBatch& batch, std::int64_t number) {
  result_.loss = gradient(batch, number);
  result_.gradient_norm = std::isfinite(result_.loss) ? update(number) : result_.loss;
}

double KernelStep::gradient(const StepBatch& batch, std::int64_t number) {
  clock_.enter(Work::kGradient);
  double nats = 0;
  step_.take_weights();
  for (const text::Batch& part : batch.parts) {
    if (predicted_in(part) > 0)
      nats += step_.run(rows_of(part), static_cast<std::uint64_t>(number - 1), batch.predicted);
  }
  norm_ = step_.gather();
  clock_.enter(Work::kElse);
  return nats / static_cast<double>(std::max<std::uint64_t>(1, batch.predicted));
}

double KernelStep::update(std::int64_t number) {
  if (!std::isfinite(norm_)) return norm_;
  clock_.enter(Work::kUpdate);
  const double clip = config_.gradient_clip;
  const double scale = clip > 0 && norm_ > clip ? clip / norm_ : 1;
  update_.update(number, learning_rate(config_, number), scale, step_.gradient(), step_.weights());
  clock_.enter(Work::kElse);
  return norm_;
}

base::Parts KernelStep::seconds() const {
  base::Parts parts = step_.seconds();
  double waiting = clock_.seconds(Work::kGradient);
  for (const auto& [name, seconds] : parts) waiting -= seconds;
  parts.emplace_back("waiting", waiting);
  parts.emplace_back("update", clock_.seconds(Work::kUpdate));
  return parts;
}

}  // namespace qkv::train
