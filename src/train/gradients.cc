#include "train/gradients.h"

#include <algorithm>

#include "evaluate/loss.h"

namespace qkv::train {
namespace {

/// Through the definition of the model, by autograd.
class PlainGradients : public Gradients {
 public:
  PlainGradients(const model::Model& model, const config::Config& config,
                 const model::Runtime& runtime)
      : model_(model), dropout_(config.model.dropout), seed_(config.seed), runtime_(runtime) {}

  double make(const std::vector<text::Batch>& batches, std::uint64_t step,
              std::uint64_t predicted) override {
    double loss = 0;
    for (const text::Batch& batch : batches) {
      const model::Pass pass{.taps = nullptr,
                             .dropout = model::Dropout(dropout_, seed_, step, batch.first_row),
                             .cache = nullptr};
      if (predicted_in(batch) == 0) continue;
      model::Tensor mean;
      {
        clock_.enter(Work::kForward);
        const model::Autocast autocast(runtime_);
        const evaluate::Prediction prediction = evaluate::predict(model_, batch, pass);
        mean =
            at::cross_entropy_loss(prediction.logits, prediction.targets, {}, at::Reduction::Sum) /
            static_cast<double>(predicted);
      }
      loss += mean.item<double>();
      clock_.enter(Work::kBackward);
      mean.backward();
      clock_.enter(Work::kElse);
    }
    return loss;
  }

  base::Parts seconds() const override {
    return {{"forward", clock_.seconds(Work::kForward)},
            {"backward", clock_.seconds(Work::kBackward)}};
  }

 private:
  enum class Work { kForward, kBackward, kElse, kCount };

  base::PhaseClock<Work> clock_{Work::kElse};
  const model::Model& model_;
  double dropout_;
  std::uint64_t seed_;
  model::Runtime runtime_;
};

}  // namespace

std::uint64_t predicted_in(const text::Batch& batch) {
  return batch.targets.size() -
         static_cast<std::uint64_t>(
             std::count(batch.targets.begin(), batch.targets.end(), text::Batch::kIgnored));
}

std::unique_ptr<Gradients> plain_gradients(const model::Model& model, const config::Config& config,
                                           const model::Runtime& runtime) {
  return std::make_unique<PlainGradients>(model, config, runtime);
}

}  // namespace qkv::train
