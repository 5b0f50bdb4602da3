#include "model/libtorch.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <malloc.h>
#include <torch/version.h>

#include <mutex>

#include "base/error.h"
#include "base/format.h"
#include "base/parallel.h"
#include "model/device.h"

namespace qkv::model {
namespace {

bool has_cuda() {
  return at::detail::getCUDAHooks().hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0;
}

bool processor_multiplies_bfloat16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

bool multiplies_bfloat16(spec::Precision precision, at::Device device) {
  switch (precision) {
    case spec::Precision::kFloat32:
      return false;
    case spec::Precision::kBfloat16:
      return true;
    case spec::Precision::kAuto:
      break;
  }
  return device.is_cuda() || processor_multiplies_bfloat16();
}

}  // namespace

spec::Device device_of(const config::RuntimeConfig& config) {
  if (config.device != spec::Device::kAuto) return config.device;
  return has_cuda() ? spec::Device::kCuda : spec::Device::kCpu;
}

Runtime set_up_runtime(const config::RuntimeConfig& config) {
  Runtime runtime;
  if (config.device == spec::Device::kCuda && !has_cuda()) {
    throw base::Error(
        "runtime.device: found \"cuda\", but libtorch sees no CUDA device; expected \"cpu\" or "
        "\"auto\"");
  }
  if (device_of(config) == spec::Device::kCuda) runtime.device = at::Device(at::kCUDA, 0);
  // Flash attention is as fast as cuDNN's, which prepares itself for every new shape.
  if (runtime.device.is_cuda()) at::globalContext().setSDPUseCuDNN(false);

  runtime.bfloat16 = multiplies_bfloat16(config.precision, runtime.device);

  runtime.threads = base::threads_of(config.threads);
  at::set_num_threads(runtime.threads);
  at::globalContext().setFlushDenormal(true);
#if defined(__GLIBC__)
  // A step frees memory that the next one needs again: memory returned to the system meanwhile
  // causes page faults (1 to 2% of a step of configs/shakespeare_char.json).
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
  return runtime;
}

Autocast::Autocast(const Runtime& runtime)
    : device_(runtime.device.type()),
      was_enabled_(at::autocast::is_autocast_enabled(device_)),
      was_type_(at::autocast::get_autocast_dtype(device_)) {
  at::autocast::set_autocast_enabled(device_, runtime.bfloat16);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_dtype(device_, was_type_);
}

Tensor rounded_for_products(const Tensor& x) {
  const at::DeviceType device = x.device().type();
  if (!at::autocast::is_autocast_enabled(device)) return x;
  return x.to(at::autocast::get_autocast_dtype(device));
}

at::Generator keyed_generator(std::uint64_t key, at::Device device) {
  if (device.is_cpu()) return at::make_generator<at::CPUGeneratorImpl>(key);
  at::Generator generator = at::detail::getCUDAHooks().getNewGenerator(device.index());
  generator.set_current_seed(key);
  return generator;
}

void seed_device(std::uint64_t key, at::Device device) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  generator.set_current_seed(key);
}

void adamw_step(const std::vector<Tensor>& weights, const std::vector<Tensor>& gradients,
                const std::vector<Tensor>& first_moments, const std::vector<Tensor>& second_moments,
                const AdamwStep& options) {
  if (weights.empty()) return;
  const std::vector<Tensor> steps(weights.size(), options.step);
  at::_fused_adamw_(weights, gradients, first_moments, second_moments, /*max_exp_avg_sqs=*/{},
                    steps, options.learning_rate, options.beta1, options.beta2,
                    options.weight_decay, options.epsilon, /*amsgrad=*/false, /*maximize=*/false,
                    /*grad_scale=*/options.divisor, /*found_inf=*/options.skipped);
}

std::string libtorch_version() { return TORCH_VERSION; }

}  // namespace qkv::model
