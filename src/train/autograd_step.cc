#include "train/autograd_step.h"

#include <cmath>

#include "train/prediction.h"

namespace qkv::train {

AutogradStep::AutogradStep(const model::Model& model, const config::Config& config,
                           const model::Runtime& runtime)
    : model_(model),
      config_(config),
      runtime_(runtime),
      optimizer_(model.parameters(), config.training) {}

void AutogradStep::begin(const StepBatch& batch, std::int64_t number) {
  result_.loss = gradient(batch, number);
  result_.gradient_norm = std::isfinite(result_.loss) ? update(number) : result_.loss;
}

double AutogradStep::update(std::int64_t number) {
  clock_.enter(Work::kUpdate);
  const double norm = optimizer_.update(number);
  clock_.enter(Work::kElse);
  return norm;
}

double AutogradStep::gradient(const StepBatch& batch, std::int64_t number) {
  double loss = 0;
  for (const text::Batch& part : batch.parts) {
    if (predicted_in(part) == 0) continue;
    const model::Pass pass{
        .taps = nullptr,
        .dropout = model::Dropout(config_.model.dropout, config_.seed,
                                  static_cast<std::uint64_t>(number - 1), part.first_row)};
    model::Tensor mean;
    {
      clock_.enter(Work::kForward);
      const model::Autocast autocast(runtime_);
      const Prediction prediction = predict(model_, part, pass);
      mean = at::cross_entropy_loss(prediction.logits, prediction.targets, {}, at::Reduction::Sum) /
             static_cast<double>(batch.predicted);
    }
    loss += mean.item<double>();
    clock_.enter(Work::kBackward);
    mean.backward();
    clock_.enter(Work::kElse);
  }
  return loss;
}

base::Parts AutogradStep::seconds() const {
  return {{"forward", clock_.seconds(Work::kForward)},
          {"backward", clock_.seconds(Work::kBackward)},
          {"update", clock_.seconds(Work::kUpdate)}};
}

}  // namespace qkv::train
