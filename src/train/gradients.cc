#include "train/gradients.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "evaluate/loss.h"
#include "fused/step.h"

namespace qkv {
namespace {

/// Through the model as it is written, by autograd.
class PlainGradients : public Gradients {
 public:
  PlainGradients(const Model& model, const Config& config, const Runtime& runtime)
      : model_(model), dropout_(config.model.dropout), seed_(config.seed), runtime_(runtime) {}

  double make(const std::vector<Batch>& batches, std::uint64_t number,
              std::uint64_t predicted) override {
    double loss = 0;
    for (const Batch& batch : batches) {
      const Pass pass{
          .taps = nullptr, .dropout = Dropout(dropout_, seed_, number++), .cache = nullptr};
      if (predicted_in(batch) == 0) continue;
      Tensor mean;
      {
        const Autocast autocast(runtime_);
        const Prediction prediction = predict(model_, batch, pass);
        mean =
            at::cross_entropy_loss(prediction.logits, prediction.targets, {}, at::Reduction::Sum) /
            static_cast<double>(predicted);
      }
      loss += mean.item<double>();
      mean.backward();
    }
    return loss;
  }

 private:
  const Model& model_;
  double dropout_;
  std::uint64_t seed_;
  Runtime runtime_;
};

Tensor view_of(float* array, const WeightLayout::Place& place) {
  return torch::from_blob(array + place.begin, place.shape, at::kFloat);
}

/// By the kernels, over weights that the model and they share.
class FusedGradients : public Gradients {
 public:
  FusedGradients(Model& model, const Config& config, const Runtime& runtime)
      : step_(config.model, model.vocabulary(), config.training.batch_size, config.seed,
              runtime.bfloat16, runtime.threads) {
    const auto& weights = model.parameters().list();
    const auto& places = step_.layout().places();
    if (weights.size() != places.size()) {
      throw Error(concat("fused kernels know ", places.size(), " weights, the model has ",
                         weights.size()),
                  Error::Fault::kRun);
    }
    for (const WeightLayout::Place& place : places) {
      const auto found = std::find_if(weights.begin(), weights.end(), [&](const auto& weight) {
        return weight.first == place.name;
      });
      if (found == weights.end() || found->second.sizes() != at::IntArrayRef(place.shape))
        throw Error(concat("fused kernels do not know ", place.name), Error::Fault::kRun);
      Tensor weight = found->second;
      Tensor shared = view_of(step_.weights(), place);
      shared.copy_(weight.detach());
      weight.set_data(shared);
      weight.mutable_grad() = view_of(step_.gradient(), place);
    }
  }

  double make(const std::vector<Batch>& batches, std::uint64_t number,
              std::uint64_t predicted) override {
    double nats = 0;
    step_.weights_changed();
    for (const Batch& batch : batches) {
      if (predicted_in(batch) > 0) nats += step_.run(batch, number, predicted);
      ++number;
    }
    step_.gather();
    return nats / static_cast<double>(predicted);
  }

 private:
  FusedStep step_;
};

}  // namespace

std::uint64_t predicted_in(const Batch& batch) {
  return batch.targets.size() - static_cast<std::uint64_t>(std::count(
                                    batch.targets.begin(), batch.targets.end(), Batch::kIgnored));
}

std::unique_ptr<Gradients> make_gradients(Model& model, const Config& config,
                                          const Runtime& runtime) {
  if (config.runtime.kernels == "fused" && runtime.device.is_cpu() &&
      FusedStep::supports(config.model, runtime.bfloat16)) {
    return std::make_unique<FusedGradients>(model, config, runtime);
  }
  return std::make_unique<PlainGradients>(model, config, runtime);
}

}  // namespace qkv
