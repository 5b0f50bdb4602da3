#include "train/step.h"

#include <algorithm>

#include "base/error.h"
#include "train/autograd_step.h"
#include "train/check_step.h"
#include "train/graph_step.h"
#include "train/kernel_step.h"

namespace qkv::train {

std::uint64_t predicted_in(const text::Batch& batch) {
  return batch.targets.size() -
         static_cast<std::uint64_t>(
             std::count(batch.targets.begin(), batch.targets.end(), text::Batch::kIgnored));
}

void require_kernels_to_check(const config::Config& config, const model::Runtime& runtime) {
  if (config.runtime.kernels != spec::Kernels::kCheck || KernelStep::supports(config, runtime))
    return;
  throw base::Error(
      "runtime.kernels: found \"check\", expected \"fused\" or \"plain\": there are no kernels for "
      "this model, device and precision");
}

std::unique_ptr<Step> make_step(const model::Model& model, const config::Config& config,
                                const model::Runtime& runtime) {
  require_kernels_to_check(config, runtime);
  if (config.runtime.kernels == spec::Kernels::kCheck)
    return std::make_unique<CheckStep>(model, config, runtime);
  if (GraphStep::supports(config, runtime))
    return std::make_unique<GraphStep>(model, config, runtime);
  if (KernelStep::supports(config, runtime))
    return std::make_unique<KernelStep>(model, config, runtime);
  return std::make_unique<AutogradStep>(model, config, runtime);
}

}  // namespace qkv::train
