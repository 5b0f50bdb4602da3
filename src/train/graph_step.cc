#include "train/graph_step.h"

#include <c10/core/StreamGuard.h>

#include <algorithm>

#include "base/random.h"
#include "train/schedule.h"

namespace qkv::train {
namespace {

/// The arrays of a batch that a step reads, in this order.
std::vector<const std::vector<std::int32_t>*> arrays_of(const text::Batch& batch) {
  if (batch.documents.empty()) return {&batch.inputs, &batch.targets};
  return {&batch.inputs, &batch.targets, &batch.positions, &batch.documents};
}

}  // namespace

bool GraphStep::supports(const config::Config& config, const model::Runtime& runtime) {
  return config.runtime.kernels == spec::Kernels::kFused && runtime.device.is_cuda() &&
         !config.model.recurrent();
}

GraphStep::GraphStep(const model::Model& model, const config::Config& config,
                     const model::Runtime& runtime, int eager_steps)
    : model_(model),
      config_(config),
      runtime_(runtime),
      optimizer_(model.parameters(), config.training),
      graph_(
          runtime.device, [this] { make(); }, eager_steps) {
  const std::int64_t arrays = config.data.layout == spec::TextLayout::kLines ? 4 : 2;
  const std::vector<std::int64_t> shape = {config.training.accumulation, arrays,
                                           config.training.batch_size, config.model.context};
  const at::TensorOptions here = at::TensorOptions().pinned_memory(true);
  batches_in_ = torch::empty(shape, here.dtype(at::kInt));
  numbers_in_ = torch::empty({3}, here.dtype(at::kFloat));
  const c10::StreamGuard guard(graph_.stream());
  batches_ = torch::zeros(shape, at::TensorOptions().dtype(at::kInt).device(runtime.device));
  numbers_ = torch::zeros({3}, at::TensorOptions().dtype(at::kFloat).device(runtime.device));
  result_ = torch::zeros({2}, numbers_.options());
}

void GraphStep::begin(const StepBatch& batch, std::int64_t number) {
  auto* place = batches_in_.data_ptr<std::int32_t>();
  for (const text::Batch& part : batch.parts) {
    for (const auto* array : arrays_of(part))
      place = std::copy(array->begin(), array->end(), place);
  }
  auto* numbers = numbers_in_.data_ptr<float>();
  numbers[0] = static_cast<float>(learning_rate(config_.training, number));
  numbers[1] = static_cast<float>(number);
  numbers[2] = static_cast<float>(std::max<std::uint64_t>(1, batch.predicted));

  const c10::StreamGuard guard(graph_.stream());
  batches_.copy_(batches_in_, /*non_blocking=*/true);
  numbers_.copy_(numbers_in_, /*non_blocking=*/true);
  // The graph holds no seed: it continues from the generator's current state.
  model::seed_device(
      base::stream_key(config_.seed, base::Purpose::kDropout, {static_cast<std::uint64_t>(number)}),
      runtime_.device);
  graph_.launch();
}

Step::Result GraphStep::finish() {
  const c10::StreamGuard guard(graph_.stream());
  const model::Tensor result = result_.cpu();
  return {.loss = result[0].item<double>(), .gradient_norm = result[1].item<double>()};
}

void GraphStep::make() {
  model::Tensor loss = torch::zeros({}, numbers_.options());
  for (const model::Tensor& batch : batches_.unbind()) {
    const model::Tensor mean = sum_of_losses(batch) / numbers_[2];
    mean.backward();
    loss = loss + mean.detach();
  }
  const model::Autocast autocast(runtime_);  // for Muon's products
  const model::Tensor norm = optimizer_.update(numbers_[0], numbers_[1], loss);
  const torch::NoGradGuard no_gradients;
  result_.copy_(at::stack({loss, norm}));
}

model::Tensor GraphStep::sum_of_losses(const model::Tensor& batch) const {
  const model::Autocast autocast(runtime_);
  const std::vector<model::Tensor> arrays = batch.to(at::kLong).unbind();
  const model::Tokens tokens{.ids = arrays[0],
                             .positions = arrays.size() > 2 ? arrays[2] : model::Tensor(),
                             .documents = arrays.size() > 2 ? arrays[3] : model::Tensor()};
  const model::Pass pass{.taps = nullptr,
                         .dropout = model::Dropout::in_order(config_.model.dropout)};
  const model::Tensor hidden = model_.hidden(tokens, pass).flatten(0, 1);
  return at::cross_entropy_loss(model_.logits(hidden, pass).to(at::kFloat), arrays[1].flatten(), {},
                                at::Reduction::Sum, text::Batch::kIgnored);
}

}  // namespace qkv::train
